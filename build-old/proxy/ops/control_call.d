build-old/proxy/ops/control_call.o: proxy/ops/control_call.c \
 common/base/log.h proxy/ops/control.h common/base/json.h \
 common/base/bytes.h proxy/ops/control_commands.h \
 proxy/ops/control_internal.h common/base/list.h proxy/ops/control_line.h \
 proxy/ops/control_path.h
common/base/log.h:
proxy/ops/control.h:
common/base/json.h:
common/base/bytes.h:
proxy/ops/control_commands.h:
proxy/ops/control_internal.h:
common/base/list.h:
proxy/ops/control_line.h:
proxy/ops/control_path.h:
