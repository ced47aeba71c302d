build-old/proxy/ops/file_parts.o: proxy/ops/file_parts.c \
 proxy/ops/file_parts.h
proxy/ops/file_parts.h:
