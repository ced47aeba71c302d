build-old/proxy/ops/control_path.o: proxy/ops/control_path.c \
 proxy/ops/control_path.h
proxy/ops/control_path.h:
