build-old/proxy/ops/control_commands.o: proxy/ops/control_commands.c \
 proxy/ops/control_commands.h proxy/ops/control.h common/base/json.h \
 common/base/bytes.h common/base/log.h
proxy/ops/control_commands.h:
proxy/ops/control.h:
common/base/json.h:
common/base/bytes.h:
common/base/log.h:
