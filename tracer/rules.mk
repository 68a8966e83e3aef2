TRACER_SOURCES := tracer/asm.c tracer/probe.c tracer/cc_args.c tracer/cc.c
-include tracer/platform.mk

$(eval $(call host_library,tracer,$(TRACER_SOURCES)))
