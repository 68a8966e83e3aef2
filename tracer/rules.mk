TRACER_SOURCES := tracer/asm.c tracer/probe.c tracer/sparse.c tracer/emit.c tracer/cc_args.c tracer/cc.c tracer/trace_write.c tracer/trace_read.c tracer/trace_decode.c tracer/agree.c \
	tracer/import.c tracer/run.c tracer/guest.c tracer/qemu.c tracer/drain.c tracer/platform/platform_ini.c
-include tracer/platform.mk

$(eval $(call host_library,tracer,$(TRACER_SOURCES)))

# Where reading a trace spends its time.
$(BUILD)/obj/tracer/trace_decode.o: CFLAGS += -O3

include tracer/test.mk
