COMMAND_SOURCES := analyzer/main.c $(wildcard analyzer/cmd_*.c)

$(eval $(call host_program,potoroo,$(COMMAND_SOURCES),tracer base,-linih -ljansson -lxxhash -lzstd -lelf -ldw))

build: $(BUILD)/potoroo
