# The command, and the main job: measure the kernel on the board, profile, bound.

HOST_LIBS := $(CAPSTONE_LIBS) -ldw -lelf -lglpk -lgmp -linih -ljansson -lxxhash -lzstd -lm
ANALYZER_ROOMS := analyzer ilp cachemodel tracer cfg base

$(eval $(call host_library,analyzer,$(filter-out analyzer/main.c analyzer/cmd_% analyzer/bench_%,$(wildcard analyzer/*.c))))
$(eval $(call host_program,potoroo,analyzer/main.c $(wildcard analyzer/cmd_*.c),$(ANALYZER_ROOMS),$(HOST_LIBS)))
$(eval $(call unit_test,analyzer,walk_test,$(ANALYZER_ROOMS),$(HOST_LIBS)))
$(eval $(call unit_test,analyzer,known_test,$(ANALYZER_ROOMS),$(HOST_LIBS)))
$(eval $(call unit_test,analyzer,profile_test,$(ANALYZER_ROOMS),$(HOST_LIBS)))
$(eval $(call unit_test,analyzer,combine_test,$(ANALYZER_ROOMS),$(HOST_LIBS)))
$(eval $(call unit_test,analyzer,tree_test,$(ANALYZER_ROOMS),$(HOST_LIBS)))
$(eval $(call unit_test,analyzer,evt_test,$(ANALYZER_ROOMS),$(HOST_LIBS)))

# Where potoroo profile spends its time.
$(BUILD)/obj/analyzer/known.o: CFLAGS += -O3

KERNEL := $(BUILD)/kernel/kernel.elf
BOARD := platforms/reference.ini
MEASURE_SEED := 1
MEASURE_ENTRIES := 250000

# $(call boot_arguments,SEED,ENTRIES): what the root task finds in the boot arguments page.
boot_arguments = -device loader,addr=0x87e08000,data=$(1),data-len=8 -device loader,addr=0x87e08008,data=$(2),data-len=8

build: $(BUILD)/potoroo $(KERNEL)

$(BUILD)/kernel/kernel.ptrace: $(KERNEL) $(BUILD)/potoroo $(BUILD)/platform/potoroo-platform.so $(BOARD)
	@echo "  RUN    $(KERNEL), $(MEASURE_ENTRIES) kernel entries on $(BOARD)"
	$(Q)$(BUILD)/potoroo run -p $(BOARD) -k $(KERNEL) -o $@ --must-end -- $(call boot_arguments,$(MEASURE_SEED),$(MEASURE_ENTRIES))

$(BUILD)/kernel/kernel.prof: $(BUILD)/kernel/kernel.ptrace
	@echo "  PROFILE $@"
	$(Q)$(BUILD)/potoroo profile -k $(KERNEL) $< -o $@

# What the analysis knows of the board: inferred by measuring it, from timing alone.
MODEL := $(BUILD)/reference.model
$(MODEL): $(BOARD) $(BUILD)/potoroo $(BUILD)/platform/potoroo-platform.so
	@echo "  INFER  $@"
	$(Q)$(BUILD)/potoroo model infer -p $(BOARD) -o $@ > /dev/null

$(BUILD)/wcet.json: potoroo.ini kernel/facts.ff $(BUILD)/kernel/kernel.prof $(MODEL) $(BUILD)/potoroo
	@echo "  WCET   $@"
	@mkdir -p $(BUILD)/certificates
	$(Q)$(BUILD)/potoroo wcet -c potoroo.ini -o $@ --certificates $(BUILD)/certificates/ > $(BUILD)/wcet.txt

all: build $(BUILD)/wcet.json
	@cat $(BUILD)/wcet.txt

# Further entries against the bounds: make soundness [SEED=n] [ENTRIES=n]; a slice of it in make check.
SEED := 2
ENTRIES := 1000000
soundness: build $(BUILD)/wcet.json
	$(Q)benchmarks/soundness $(BUILD)/potoroo $(BOARD) $(KERNEL) $(BUILD)/wcet.json $(BUILD)/soundness $(SEED) $(ENTRIES)

check-soundness: build $(BUILD)/wcet.json
	$(Q)benchmarks/soundness $(BUILD)/potoroo $(BOARD) $(KERNEL) $(BUILD)/wcet.json $(BUILD)/soundness-slice 3 40000 \
		&& echo "1 passed, 0 failed" || { echo "0 passed, 1 failed"; exit 1; }

.PHONY: soundness check-soundness
CHECKS += check-soundness
HELP += "soundness|1,000,000 further kernel entries against their bounds [SEED=n] [ENTRIES=n]"

# Seeded lies, about the default analysis and a short further trace.
$(eval $(call unit_test,analyzer,lies_test,$(ANALYZER_ROOMS),$(HOST_LIBS)))
check-analyzer-lies_test: $(BUILD)/wcet.json $(BUILD)/analyzer/test/short.prof

$(BUILD)/analyzer/test/short.ptrace: $(KERNEL) $(BUILD)/potoroo $(BUILD)/platform/potoroo-platform.so $(BOARD)
	@mkdir -p $(@D)
	$(Q)$(BUILD)/potoroo run -p $(BOARD) -k $(KERNEL) -o $@ --must-end -- $(call boot_arguments,77,3000)

$(BUILD)/analyzer/test/short.prof: $(BUILD)/analyzer/test/short.ptrace
	$(Q)$(BUILD)/potoroo profile -k $(KERNEL) $< -o $@

# Replays in bulk, of parts and by threads against the plainest one, on traces of small frames. make fuzz-replay [FUZZ_ROUNDS=n] [FUZZ_SEED=n]
NEST := $(BUILD)/analyzer/test/nest
$(NEST).elf: tracer/test/nest_guest.S tracer/test/nest_guest.lds tracer/target/potoroo.h | $(BUILD)/deps.mk
	@mkdir -p $(@D)
	$(Q)$(RV_PREFIX)gcc -march=rv64imac_zicsr -mabi=lp64 -mcmodel=medany -nostdlib -static -I. -DPOTOROO_COUNTER=0x87fff000 -DPOTOROO_MACHINE \
		-Wl,--build-id=sha1 -Wl,--no-warn-rwx-segments -T tracer/test/nest_guest.lds $< -o $@
$(NEST).ptrace: $(NEST).elf $(BUILD)/potoroo $(BUILD)/platform/potoroo-platform.so $(BOARD)
	$(Q)$(BUILD)/potoroo run -p $(BOARD) -k $< -o $@

REPLAY_TRACES := $(KERNEL) $(BUILD)/analyzer/test/short.ptrace $(NEST).elf $(NEST).ptrace
REPLAY_SOURCES := analyzer/test/replay_test.c tracer/trace_write.c
$(BUILD)/analyzer/test/replay_test: $(REPLAY_SOURCES) $(foreach r,$(ANALYZER_ROOMS),$(BUILD)/$(r)/lib$(r).a) tracer/trace_format.h analyzer/known.h
	@mkdir -p $(@D)
	@echo "  CC     $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -DFRAME_LIMIT=300 -o $@ $(REPLAY_SOURCES) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(HOST_LIBS)
check-replay: $(BUILD)/analyzer/test/replay_test $(REPLAY_TRACES)
	@$< 200 1 $(REPLAY_TRACES)
fuzz-replay: $(BUILD)/analyzer/test/replay_test $(REPLAY_TRACES)
	@$< $(FUZZ_ROUNDS) $(FUZZ_SEED) $(REPLAY_TRACES)
.PHONY: check-replay fuzz-replay
CHECKS += check-replay
HELP += "fuzz-replay|replay made-up traces in bulk and record by record (FUZZ_ROUNDS, FUZZ_SEED)"

# What was said never to be executed, put to the solver once more.
check-infeasible: $(BUILD)/wcet.json
	@$(PYTHON) analyzer/test/infeasible_test.py $(BUILD)/wcet.json $(BUILD)/certificates
# The programs before reduction have the same optimum.
check-dump-lp: $(BUILD)/wcet.json
	@$(PYTHON) analyzer/test/dump_lp_test.py $(BUILD)/potoroo $(BUILD)/analyzer/test/lp irq-ack fast-call timer-interrupt page-fault
.PHONY: check-infeasible check-dump-lp
CHECKS += check-infeasible check-dump-lp

check-command: build $(BUILD)/wcet.json $(BUILD)/analyzer/test/short.ptrace $(BUILD)/kernel-plain/kernel.elf
	@$(PYTHON) analyzer/test/command_test.py $(BUILD)/potoroo $(BOARD)

# Worst paths drawn, the solver's questions kept, open questions summed up.
check-analyzer-dot: $(BUILD)/potoroo $(BUILD)/kernel/kernel.elf
	@$(PYTHON) analyzer/test/dot_test.py $^ $(BUILD)/analyzer/test/dot $(RV_PREFIX)
CHECKS += check-analyzer-dot

check-campaign: build
	@$(PYTHON) analyzer/test/campaign_test.py $(BUILD)/potoroo $(QEMU) $(BOARD) $(KERNEL) kernel/facts.ff

# Not in check: it needs Slurm's daemons and root.
check-cluster: build
	@.ci/setup --with cluster $(BUILD)/cluster.mk
	@$(PYTHON) analyzer/test/cluster_test.py $(BUILD)/potoroo $(QEMU) $(BOARD) $(KERNEL) kernel/facts.ff
HELP += "check-cluster|a campaign through GNU parallel and through Slurm on loopback, against the local run (root; installs both)"

# benchmarks/campaigns/kernel.ini: make campaign [JOBS=n]; what is done is not done again.
campaign: build
	@$(BUILD)/potoroo campaign -c benchmarks/campaigns/kernel.ini -o $(BUILD)/campaign $(if $(JOBS),-j $(JOBS))
HELP += "campaign|the kernel's workload with many seeds on two boards, merged (JOBS=n)"

.PHONY: check-cluster campaign
.PHONY: check-campaign
CHECKS += check-campaign

.PHONY: check-command
CHECKS += check-command

# 1,000 units of 10,000 support points, against straightforward convolution of UNITS of them: make bench-combine [UNITS=n]
UNITS := 40
$(eval $(call host_program,analyzer/bench-combine,analyzer/bench_combine.c,analyzer base,$(HOST_LIBS)))
bench-combine: $(BUILD)/analyzer/bench-combine
	$(Q)$< $(UNITS)

.PHONY: bench-combine
HELP += "bench-combine|combine 1,000 profiles, against straightforward convolution [UNITS=n of those]"

# Combined exceedance against the exact distribution, of programs run with every input: make check-truth [PROGRAMS=n]
PROGRAMS := 16
check-truth: $(BUILD)/potoroo $(BUILD)/platform/potoroo-platform.so
	@$(PYTHON) analyzer/test/truth_test.py $(BUILD)/potoroo $(BOARD) $(RV_CC) $(PROGRAMS)

.PHONY: check-truth
CHECKS += check-truth

# Misses: what the costs say of each traced step against the board's own count. `make truth-misses [ENTRIES=n]`; a slice in make check.
$(eval $(call host_program,analyzer/test/misses_test,analyzer/test/misses_test.c,$(ANALYZER_ROOMS),$(HOST_LIBS)))
MISSES := analyzer/test/misses.sh $(BUILD)/potoroo $(BOARD) $(KERNEL) $(BUILD)/analyzer/test/misses_test $(BUILD)/misses
truth-misses: build $(BUILD)/wcet.json $(BUILD)/analyzer/test/misses_test
	@$(MISSES) potoroo.ini $(ENTRIES)

check-misses: build $(BUILD)/wcet.json $(BUILD)/analyzer/test/misses_test
	@$(MISSES)-slice potoroo.ini 20000

.PHONY: truth-misses check-misses
CHECKS += check-misses
HELP += "truth-misses|misses of traced steps against the board's own count [ENTRIES=n]"

# Were the measurements enough? Every unit of every row's worst path; counterexamples are replayed on the board.
coverage: build $(BUILD)/wcet.json
	$(Q)$(BUILD)/potoroo coverage -c potoroo.ini --replay --proofs $(BUILD)/coverage -o $(BUILD)/coverage.json > $(BUILD)/coverage.txt; \
		rc=$$?; grep -v "^complete\|^counterexample" $(BUILD)/coverage.txt; exit $$rc
	$(Q)$(BUILD)/potoroo wcet -c potoroo.ini --coverage $(BUILD)/coverage.json

coverage-close: build $(BUILD)/wcet.json
	$(Q)$(BUILD)/potoroo coverage -c potoroo.ini --close --profile-out $(BUILD)/closed.prof -o $(BUILD)/closed.json > $(BUILD)/closed.txt; \
		rc=$$?; grep -v "^complete\|^counterexample\|^as a workload" $(BUILD)/closed.txt; exit $$rc
	$(Q)$(BUILD)/potoroo wcet -c potoroo.ini --coverage $(BUILD)/closed.json

check-coverage: build $(BUILD)/wcet.json
	@$(PYTHON) -B analyzer/test/coverage_test.py $(BUILD)/potoroo

# A suite weakened on purpose, and the loop closed. Wrong builds of potoroo are linked from one changed file and the rest.
CLOSING_LINK := $(CC) $(DEPS_CPPFLAGS) $(patsubst %.c,$(BUILD)/obj/%.o,analyzer/main.c $(wildcard analyzer/cmd_*.c)) -Wl,--start-group \
	$(foreach r,$(ANALYZER_ROOMS),$(BUILD)/$(r)/lib$(r).a) -Wl,--end-group $(HOST_LIBS)
closing: build $(MODEL)
	@$(PYTHON) -B analyzer/test/closing_test.py $(BUILD)/potoroo $(BOARD) $(RV_CC) $(MODEL) $(CLOSING_LINK)
check-closing: closing

.PHONY: coverage coverage-close check-coverage closing check-closing
CHECKS += check-coverage check-closing
HELP += "coverage-close|replays them all and takes in what they showed, until nothing is new"
HELP += "closing|a suite weakened on purpose: what it missed is found, replayed, and taken in"
HELP += "coverage|which miss counts of each unit were never measured, with replays"
