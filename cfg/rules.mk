CFG_LIBS := $(CAPSTONE_LIBS) -ldw -lelf -linih -ljansson -lxxhash
$(eval $(call host_library,cfg,cfg/image.c cfg/arch/rv64.c cfg/flow.c cfg/graph.c cfg/tables.c cfg/ir.c cfg/arch/rv64_lift.c cfg/values.c cfg/ranges.c cfg/bounds.c cfg/functional.c cfg/loops.c cfg/facts.c cfg/query.c cfg/print.c))
$(eval $(call host_program,cfg/test/cfg_tool,cfg/test/cfg_tool.c,cfg base,$(CFG_LIBS)))
