build-old/proxy/ops/control_line.o: proxy/ops/control_line.c \
 proxy/ops/control_line.h
proxy/ops/control_line.h:
