# The tests of probes, traces and runs. The board's own are in platform.mk.
TRACER_TEST_LIBS := $(CAPSTONE_LIBS) -ldw -lelf -linih -ljansson -lxxhash -lzstd
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

$(eval $(call host_program,tracer/test/probe_tool,tracer/test/probe_tool.c,tracer cfg base,$(TRACER_TEST_LIBS)))

# A writer of small frames, and (for hostile files) a reader that does not check sums.
$(BUILD)/tracer/test/trace_test: tracer/test/trace_test.c tracer/trace_write.c tracer/trace_read.c tracer/trace_decode.c $(BUILD)/base/libbase.a tracer/trace_format.h tracer/trace_decode.h
	@mkdir -p $(@D)
	@echo "  CC     $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -DFRAME_LIMIT=40 -o $@ $(filter %.c %.a,$^) -lcmocka -lzstd -lxxhash -ljansson -linih

FUZZ_SOURCES := tracer/test/trace_fuzz.c tracer/trace_write.c tracer/trace_read.c tracer/trace_decode.c base/error.c base/memory.c base/map.c base/file.c
$(BUILD)/tracer/test/trace_fuzz: $(FUZZ_SOURCES) tracer/trace_format.h tracer/trace_decode.h
	@mkdir -p $(@D)
	@echo "  CC     $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -DFRAME_LIMIT=40 -DTRACE_UNCHECKED -o $@ $(FUZZ_SOURCES) -lzstd -lxxhash -ljansson -linih

PROBE_FUZZ_SOURCES := tracer/test/probe_fuzz.c tracer/asm.c tracer/probe.c tracer/emit.c tracer/sparse.c base/error.c base/memory.c base/map.c base/file.c
$(BUILD)/tracer/test/probe_fuzz: $(PROBE_FUZZ_SOURCES) tracer/insert.h tracer/asm.h
	@mkdir -p $(@D)
	@echo "  CC     $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -o $@ $(PROBE_FUZZ_SOURCES) -lxxhash -ljansson -linih

IMPORT_FUZZ_SOURCES := tracer/test/import_fuzz.c tracer/import.c tracer/drain.c tracer/trace_write.c tracer/trace_read.c tracer/trace_decode.c base/error.c base/memory.c base/map.c base/file.c
$(BUILD)/tracer/test/import_fuzz: $(IMPORT_FUZZ_SOURCES) tracer/run.h tracer/tracer.h
	@mkdir -p $(@D)
	@echo "  CC     $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -o $@ $(IMPORT_FUZZ_SOURCES) -lzstd -lxxhash -ljansson -linih

check-tracer-trace: $(BUILD)/tracer/test/trace_test
	@.ci/cmocka $<
check-tracer-fuzz: $(BUILD)/tracer/test/trace_fuzz
	@$< 3000
check-tracer-probefuzz: $(BUILD)/tracer/test/probe_fuzz
	@$< 5000 $(wildcard tracer/test/probe/*.s)
check-tracer-importfuzz: $(BUILD)/tracer/test/import_fuzz
	@$< 1000
check-tracer-import: $(BUILD)/potoroo $(PLATFORM_PLUGIN)
	@POTOROO_QEMU=$(QEMU) $(PYTHON) tracer/test/import_test.py $< $(RV_PREFIX) platforms/reference.ini
check-tracer-nest: $(BUILD)/potoroo $(PLATFORM_PLUGIN)
	@POTOROO_QEMU=$(QEMU) $(PYTHON) tracer/test/nest_test.py $< $(RV_PREFIX) platforms/reference.ini
check-tracer-probe: $(BUILD)/tracer/test/probe_tool
	@$(PYTHON) tracer/test/probe_test.py $<
check-tracer-programs: $(BUILD)/potoroo
	@$(PYTHON) tracer/test/programs_test.py $< $(RV_PREFIX) $(QEMU)
check-tracer-cc: $(BUILD)/potoroo
	@$(PYTHON) tracer/test/cc_test.py $< $(RV_PREFIX)
check-tracer-run: $(BUILD)/potoroo $(PLATFORM_PLUGIN)
	@POTOROO_QEMU=$(QEMU) $(PYTHON) tracer/test/run_test.py $< $(RV_PREFIX) platforms/reference.ini
CHECKS += check-tracer-trace check-tracer-fuzz check-tracer-probefuzz check-tracer-probe check-tracer-programs check-tracer-cc check-tracer-run \
	check-tracer-import check-tracer-importfuzz check-tracer-nest

# Heavier: FUZZ_SEED and FUZZ_ROUNDS choose the mutants.
FUZZ_SEED ?= 2
FUZZ_ROUNDS ?= 300000
.PHONY: fuzz-trace fuzz-tracer
fuzz-trace: $(BUILD)/tracer/test/trace_fuzz $(BUILD)/tracer/test/probe_fuzz $(BUILD)/tracer/test/import_fuzz
	@$< $(FUZZ_ROUNDS) $(FUZZ_SEED)
	@$(BUILD)/tracer/test/probe_fuzz $(FUZZ_ROUNDS) $(wildcard tracer/test/probe/*.s)
	@$(BUILD)/tracer/test/import_fuzz $(FUZZ_ROUNDS) $(FUZZ_SEED)

# By the clock: FUZZ_MINUTES of processor time for the trace reader and the importer each, seed after seed.
FUZZ_MINUTES ?= 16
fuzz-tracer: $(BUILD)/tracer/test/trace_fuzz $(BUILD)/tracer/test/import_fuzz
	@$(PYTHON) tracer/test/fuzz_for.py $(FUZZ_MINUTES) $^
HELP += "fuzz-tracer|fuzz the trace reader and the importer for FUZZ_MINUTES (16) of processor time each"
HELP += "fuzz-trace|read mutated traces, give mutated assembly probes (FUZZ_ROUNDS, FUZZ_SEED)"

# BENCH_TRACE: which trace; `make` leaves this one.
BENCH_TRACE ?= $(BUILD)/kernel/kernel.ptrace
$(eval $(call host_program,tracer/test/bench_trace,tracer/test/bench_trace.c,tracer cfg base,$(TRACER_TEST_LIBS)))
# Traces of the kernel's workload, seed.entries; made once.
BENCH_TRACES := $(foreach t,1.100000 2.400000 3.1600000 4.400000 5.1600000,$(BUILD)/tracer/bench/$(t).ptrace)
$(BENCH_TRACES): $(BUILD)/kernel/kernel.elf | $(BUILD)/potoroo $(PLATFORM_PLUGIN)
	@mkdir -p $(@D)
	@echo "  RUN    $@"
	$(Q)$(BUILD)/potoroo run -p platforms/reference.ini -k $< -o $@ --must-end -- $(call boot_arguments,$(basename $(basename $(@F))),$(patsubst .%,%,$(suffix $(basename $(@F)))))
$(eval $(call host_program,tracer/test/repeat_trace,tracer/test/repeat_trace.c,tracer cfg base,$(TRACER_TEST_LIBS)))

.PHONY: bench-trace bench-profile
bench-trace: bench-profile $(BUILD)/tracer/test/bench_trace $(BENCH_TRACE) $(BUILD)/potoroo $(PLATFORM_PLUGIN) $(BUILD)/kernel-plain/kernel.elf $(BUILD)/kernel/kernel.elf
	@$(BUILD)/tracer/test/bench_trace $(BENCH_TRACE)
	@$(PYTHON) tracer/test/bench_port.py $(BUILD)/potoroo $(QEMU) $(PLATFORM_PLUGIN) platforms/reference.ini $(BUILD)/kernel-plain/kernel.elf $(BUILD)/kernel/kernel.elf kernel/facts.ff
bench-profile: $(BUILD)/potoroo $(BUILD)/tracer/test/repeat_trace $(BENCH_TRACES)
	@$(PYTHON) tracer/test/bench_profile.py $(BUILD)/potoroo $(BUILD)/tracer/test/repeat_trace $(BUILD)/kernel/kernel.elf kernel/facts.ff $(BENCH_TRACES)
HELP += "bench-trace|time the trace reader and potoroo profile against zstd, two traces at a time, and what the port costs"
HELP += "bench-profile|the part of bench-trace about potoroo profile: rate, memory, two processors"

# Long fuzzing of whatever has a target of its own.
.PHONY: fuzz
fuzz: fuzz-tracer
