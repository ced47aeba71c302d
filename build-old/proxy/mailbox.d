build-old/proxy/mailbox.o: proxy/mailbox.c proxy/mailbox.h common/base/list.h
proxy/mailbox.h:
common/base/list.h:
