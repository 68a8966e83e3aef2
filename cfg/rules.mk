CFG_LIBS := $(CAPSTONE_LIBS) -ldw -lelf -linih -ljansson -lxxhash
$(eval $(call host_library,cfg,cfg/image.c cfg/arch/rv64.c cfg/flow.c cfg/graph.c cfg/tables.c cfg/ir.c cfg/arch/rv64_lift.c cfg/values.c cfg/ranges.c cfg/smt.c cfg/trail.c cfg/linear.c cfg/induction.c cfg/turn.c cfg/guess.c cfg/prove.c cfg/bounds.c cfg/callers.c cfg/abstract.c cfg/memory.c cfg/piece.c cfg/execute.c cfg/functional.c cfg/loops.c cfg/ends.c cfg/facts.c cfg/query.c cfg/narrow.c cfg/places.c cfg/shape.c cfg/print.c cfg/dot.c cfg/annotate.c))
$(eval $(call host_program,cfg/test/cfg_tool,cfg/test/cfg_tool.c,cfg base,$(CFG_LIBS)))
$(eval $(call host_program,cfg/test/lift_test,cfg/test/lift_test.c,cfg base,$(CFG_LIBS)))

$(BUILD)/cfg/test/lift_guest.elf: cfg/test/lift_guest.S cfg/test/programs/link.ld
	@mkdir -p $(@D)
	@$(RV_PREFIX)gcc -march=rv64gc -mabi=lp64d -nostdlib -T cfg/test/programs/link.ld -o $@ $<
$(eval $(call host_program,cfg/test/cfg_test,cfg/test/cfg_test.c,cfg base,-lcmocka $(CFG_LIBS)))

$(BUILD)/cfg/test/sample.elf: cfg/test/programs/start.S cfg/test/programs/loops.c cfg/test/programs/link.ld
	@mkdir -p $(@D)
	@$(RV_PREFIX)gcc -march=rv64imac -mabi=lp64 -mcmodel=medany -O2 -g -ffreestanding -nostdlib -T cfg/test/programs/link.ld -o $@ $(filter-out %.ld,$^) -lgcc

check-cfg-unit: $(BUILD)/cfg/test/cfg_test $(BUILD)/cfg/test/sample.elf
	@$< $(BUILD)/cfg/test/sample.elf

# The lifting, opcode by opcode, against QEMU; then a falsified lifting of some opcodes must be found.
check-cfg-lift: $(BUILD)/cfg/test/lift_test $(BUILD)/cfg/test/lift_guest.elf
	@$< $(BUILD)/cfg/test/lift_guest.elf $(QEMU) $(BUILD)/cfg/test 1000
	@for op in add lw blt amomin.d sraw csrrs; do \
	  if $< $(BUILD)/cfg/test/lift_guest.elf $(QEMU) $(BUILD)/cfg/test 30 $$op >/dev/null; then echo "a wrong lifting of $$op went unnoticed"; exit 1; fi; done

# Programs by two compilers at many levels, executed and followed through their graphs. A slice here, all in `make cfg-traces`.
check-cfg-traces: $(BUILD)/cfg/test/cfg_tool
	@$(PYTHON) cfg/test/traces.py $< $(BUILD)/cfg/test/traces $(RV_PREFIX) $(QEMU) quick
cfg-traces: $(BUILD)/cfg/test/cfg_tool
	@$(PYTHON) cfg/test/traces.py $< $(BUILD)/cfg/test/traces-all $(RV_PREFIX) $(QEMU)
.PHONY: cfg-traces
CHECKS += check-cfg-unit check-cfg-lift check-cfg-traces
HELP += "cfg-traces|follow test programs of all compilers and levels through their CFGs"

# Bent ELF files under the sanitizers: a few seconds in the checks, `make cfg-fuzz SECONDS=n SEED=n` for longer. All begin with the corpus: files
# that each reach code which the others do not, found by libFuzzer. `make cfg-corpus SECONDS=n` looks for more and keeps as few as reach as much.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
$(BUILD)/cfg/test/fuzz: cfg/test/fuzz.c $(wildcard cfg/*.c cfg/*.h cfg/arch/*.c base/*.c base/*.h)
	@mkdir -p $(@D)
	@echo "  CC     $@"
	@$(CC) $(CPPFLAGS) $(filter-out -O2,$(CFLAGS)) -O1 $(SANITIZE) -o $@ $(filter %.c,$^) $(CFG_LIBS)
FUZZ = $(BUILD)/cfg/test/fuzz $(1) $(2) $(BUILD)/cfg/test $(FUZZ_FILES) $(CORPUS)/*
CORPUS := $(BUILD)/cfg/test/corpus
$(CORPUS): cfg/test/corpus.tar.xz
	@rm -rf $@ && mkdir -p $@ && $(PYTHON) -m tarfile -e $< $@ && touch $@
FUZZ_FILES := $(BUILD)/cfg/test/sample.elf $(BUILD)/cfg/test/switches.elf $(BUILD)/cfg/test/stripped.elf \
	$(patsubst %,$(BUILD)/cfg/test/golden-%.elf,bounds callers execute tables prove)
$(BUILD)/cfg/test/golden-%.elf: cfg/test/golden/%.S cfg/test/programs/link.ld
	@mkdir -p $(@D)
	@$(RV_PREFIX)gcc -march=rv64imac_zicsr -mabi=lp64 -nostdlib -T cfg/test/programs/link.ld -o $@ $<
SECONDS ?= 1800
SEED ?= 1
$(BUILD)/cfg/test/switches.elf: cfg/test/programs/start.S cfg/test/programs/switches.c cfg/test/programs/link.ld
	@mkdir -p $(@D)
	@$(RV_PREFIX)gcc -march=rv64imac -mabi=lp64 -mcmodel=medany -O2 -ffreestanding -nostdlib -T cfg/test/programs/link.ld -o $@ $(filter-out %.ld,$^) -lgcc
$(BUILD)/cfg/test/stripped.elf: $(BUILD)/cfg/test/switches.elf
	@$(RV_PREFIX)strip -o $@ $<
check-cfg-fuzz: $(BUILD)/cfg/test/fuzz $(FUZZ_FILES) $(CORPUS)
	@$(call FUZZ,20,1)
cfg-fuzz: $(BUILD)/cfg/test/fuzz $(FUZZ_FILES) $(CORPUS)
	@$(call FUZZ,$(SECONDS),$(SEED))
GUIDED := $(BUILD)/cfg/test/guided
cfg-corpus: $(FUZZ_FILES) $(CORPUS)
	clang $(CPPFLAGS) -std=c11 -O1 -g -w -DCOVERAGE_GUIDED -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $(GUIDED) cfg/test/fuzz.c \
		$(wildcard cfg/*.c cfg/arch/*.c base/*.c) $(CFG_LIBS)
	rm -rf $(GUIDED).found $(GUIDED).least && mkdir $(GUIDED).found $(GUIDED).least && cp $(FUZZ_FILES) $(GUIDED).found
	$(GUIDED) -max_len=10240 -max_total_time=$(SECONDS) -timeout=60 -artifact_prefix=$(GUIDED). $(GUIDED).found $(CORPUS)
	$(GUIDED) -max_len=10240 -set_cover_merge=1 $(GUIDED).least $(GUIDED).found $(CORPUS)
	tar -C $(GUIDED).least --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cJf cfg/test/corpus.tar.xz .
.PHONY: cfg-fuzz cfg-corpus
CHECKS += check-cfg-fuzz
HELP += "cfg-fuzz|bent ELF files under the sanitizers, SECONDS=1800 (of processor time) SEED=1" "cfg-corpus|let libFuzzer look for files to begin with, SECONDS=1800"

# Hand-written programs with all that is to be known of them; and wrong versions of the analysis, which those must find.
check-cfg-golden: $(BUILD)/cfg/test/cfg_tool
	@sh cfg/test/golden.sh $< $(BUILD)/cfg/test/golden $(RV_PREFIX)
MUTANTS = sh cfg/test/mutants.sh $(BUILD)/cfg/test/mutants $(RV_PREFIX) "-I. -D_GNU_SOURCE $(subst $(BUILD)/,$(CURDIR)/$(BUILD)/,$(DEPS_CPPFLAGS)) -std=c11" \
	"$(patsubst $(BUILD)/%,$(CURDIR)/$(BUILD)/%,$(CFG_LIBS))"
check-cfg-mutants:
	@$(MUTANTS) 2
cfg-mutants:
	@$(MUTANTS)

# The kernel: no open question about where control goes.
check-cfg-kernel: $(BUILD)/cfg/test/cfg_tool $(BUILD)/kernel/kernel.elf $(BUILD)/kernel-plain/kernel.elf
	@$(PYTHON) cfg/test/kernel.py $^
.PHONY: cfg-mutants
CHECKS += check-cfg-golden check-cfg-mutants check-cfg-kernel
HELP += "cfg-mutants|wrong versions of the CFG analysis, each of which the tests must find"

# Candidates of open pointers: whom QEMU sees called must be among them, who reads more than is given must not; and wrong versions.
check-cfg-pointers: $(BUILD)/cfg/test/cfg_tool
	@$(PYTHON) cfg/test/pointers.py $< $(BUILD)/cfg/test/pointers $(RV_PREFIX) $(QEMU) quick
cfg-pointers: $(BUILD)/cfg/test/cfg_tool
	@$(PYTHON) cfg/test/pointers.py $< $(BUILD)/cfg/test/pointers $(RV_PREFIX) $(QEMU)
POINTERS_WRONG = PYTHON=$(PYTHON) sh cfg/test/pointers_wrong.sh $(BUILD)/cfg/test/pointers-wrong $(RV_PREFIX) $(QEMU) "$(CPPFLAGS) -std=c11" \
	"-Wl,--start-group $(BUILD)/cfg/libcfg.a $(BUILD)/base/libbase.a -Wl,--end-group $(CFG_LIBS)"
check-cfg-pointers-wrong: $(BUILD)/cfg/test/cfg_tool
	@$(POINTERS_WRONG) 4
cfg-pointers-wrong: $(BUILD)/cfg/test/cfg_tool
	@$(POINTERS_WRONG)
.PHONY: cfg-pointers cfg-pointers-wrong
CHECKS += check-cfg-pointers check-cfg-pointers-wrong
HELP += "cfg-pointers|candidates of open pointers against executions, all compilers and levels" \
	"cfg-pointers-wrong|wrong versions of what narrows candidates, each of which the tests must find"

# Random loops: no derived bound may be below what an execution shows.
check-cfg-random: $(BUILD)/cfg/test/cfg_tool
	@$(PYTHON) cfg/test/traces.py $< $(BUILD)/cfg/test/random $(RV_PREFIX) $(QEMU) quick 1
SEEDS ?= 10 11 12 13 14 15 16 17 18 19
cfg-random: $(BUILD)/cfg/test/cfg_tool
	@$(PYTHON) cfg/test/traces.py $< $(BUILD)/cfg/test/random $(RV_PREFIX) $(QEMU) $(SEEDS)
.PHONY: cfg-random
CHECKS += check-cfg-random
HELP += "cfg-random|random loops against the derived bounds, SEEDS=\"10 11 …\""

# Other people's binaries: picolibc's, and OpenSBI's where its package is installed.
check-cfg-binaries: $(BUILD)/cfg/test/cfg_tool
	@$(PYTHON) cfg/test/binaries.py $< $(BUILD)/cfg/test/binaries $(RV_PREFIX)
CHECKS += check-cfg-binaries

# Terms as the solver sees them against the ir's own evaluation; paths that trails say can be against executions; and wrong versions of both.
$(eval $(call unit_test,cfg,smt_test,cfg base,$(CFG_LIBS)))
$(eval $(call host_program,cfg/test/trail_test,cfg/test/trail_test.c,cfg base,-lcmocka $(CFG_LIBS)))
$(BUILD)/cfg/test/paths%.elf: cfg/test/programs/start.S cfg/test/programs/paths.c cfg/test/programs/link.ld
	@mkdir -p $(@D)
	@$(RV_PREFIX)gcc -march=rv64imac_zicsr -mabi=lp64 -mcmodel=medany $(subst paths,,$*) -g -ffreestanding -nostdlib -T cfg/test/programs/link.ld -o $@ $(filter-out %.ld,$^) -lgcc
TRAIL_PATHS := $(BUILD)/cfg/test/paths-O1.elf $(BUILD)/cfg/test/paths-O2.elf $(BUILD)/cfg/test/paths-Os.elf
check-cfg-trail: $(BUILD)/cfg/test/trail_test $(TRAIL_PATHS)
	@for elf in $(TRAIL_PATHS); do $< $$elf >$(BUILD)/cfg/test/trail.log 2>&1 || { cat $(BUILD)/cfg/test/trail.log; echo "0 passed, 1 failed"; exit 1; }; done; \
	  echo "$(words $(TRAIL_PATHS)) passed, 0 failed"
ASKED_WRONG = PYTHON=$(PYTHON) sh cfg/test/wrong.sh $(BUILD)/cfg/test/wrong "$(CPPFLAGS) -std=c11" "-lcmocka $(CFG_LIBS)" $(BUILD)/cfg/test/paths-O2.elf
check-cfg-wrong: $(BUILD)/cfg/test/paths-O2.elf
	@$(ASKED_WRONG) 9
cfg-wrong: $(BUILD)/cfg/test/paths-O2.elf
	@$(ASKED_WRONG)
.PHONY: cfg-wrong
CHECKS += check-cfg-trail check-cfg-wrong
HELP += "cfg-wrong|wrong versions of terms and paths for the solver, each of which the tests must find"
