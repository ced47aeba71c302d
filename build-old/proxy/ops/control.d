build-old/proxy/ops/control.o: proxy/ops/control.c proxy/ops/control.h \
 common/base/json.h common/base/bytes.h common/base/log.h \
 proxy/ops/control_internal.h common/base/list.h proxy/ops/control_line.h \
 proxy/ops/control_path.h
proxy/ops/control.h:
common/base/json.h:
common/base/bytes.h:
common/base/log.h:
proxy/ops/control_internal.h:
common/base/list.h:
proxy/ops/control_line.h:
proxy/ops/control_path.h:
