TRACER_SOURCES := tracer/asm.c tracer/probe.c tracer/cc_args.c tracer/cc.c tracer/trace_write.c tracer/trace_read.c \
	tracer/run.c tracer/qemu.c tracer/drain.c tracer/platform/platform_ini.c
-include tracer/platform.mk

$(eval $(call host_library,tracer,$(TRACER_SOURCES)))

include tracer/test.mk
