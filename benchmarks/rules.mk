# The root task: one flat user image, linked into the kernel's ELF; and what runs it.

USER_FLAGS := -march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -msmall-data-limit=0 -ffreestanding -nostdlib -fno-pic \
	-fno-stack-protector -fno-tree-loop-distribute-patterns -fno-asynchronous-unwind-tables -g -std=gnu11 -O2 \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror -Ikernel/include -Ibenchmarks/root -ffile-prefix-map=$(CURDIR)=.
USER_SOURCES := $(wildcard benchmarks/root/*.S benchmarks/root/*.c)
USER_OBJECTS := $(patsubst %,$(BUILD)/%.o,$(basename $(USER_SOURCES)))

$(BUILD)/benchmarks/root/%.o: benchmarks/root/%.c $(wildcard benchmarks/root/*.h) kernel/include/api.h benchmarks/rules.mk
	@mkdir -p $(@D)
	@echo "  RVCC   $@"
	@$(RV_CC) $(USER_FLAGS) -c -o $@ $<

$(BUILD)/benchmarks/root/%.o: benchmarks/root/%.S $(wildcard benchmarks/root/*.h) kernel/include/api.h benchmarks/rules.mk
	@mkdir -p $(@D)
	@echo "  RVAS   $@"
	@$(RV_CC) $(USER_FLAGS) -c -o $@ $<

$(BUILD)/benchmarks/root.elf: $(USER_OBJECTS) benchmarks/root/root.lds
	@echo "  RVLD   $@"
	@$(RV_CC) $(USER_FLAGS) -static -Wl,--no-warn-rwx-segments -Wl,--fatal-warnings -T benchmarks/root/root.lds -o $@ $(filter %.o,$^)

$(BUILD)/benchmarks/root.bin: $(BUILD)/benchmarks/root.elf
	@$(RV_PREFIX)objcopy -O binary $< $@

BOARD_TEST := QEMU=$(QEMU) RV_PREFIX=$(RV_PREFIX) PYTHONDONTWRITEBYTECODE=1 $(PYTHON)

check-kernel-conformance: $(BUILD)/kernel/kernel.elf $(BUILD)/kernel-plain/kernel.elf
	@$(BOARD_TEST) benchmarks/test/conformance.py $^

check-kernel-campaign: $(BUILD)/kernel/kernel.elf
	@$(BOARD_TEST) benchmarks/test/campaign.py $<

# A slice: the level apart from the default, of each compiler. All in `make kernel-builds`.
check-kernel-builds: $(USER_IMAGE)
	+@$(BOARD_TEST) benchmarks/test/builds.py $(MAKE) clang:-O2 gcc:-Os

kernel-builds: $(USER_IMAGE)
	+@$(BOARD_TEST) benchmarks/test/builds.py $(MAKE) $(foreach level,$(KERNEL_LEVELS),gcc:-$(level) clang:-$(level))

check-kernel-fuzz: $(BUILD)/kernel-check/kernel.elf
	@$(BOARD_TEST) benchmarks/test/conformance.py $<
	@$(BOARD_TEST) benchmarks/test/fuzz.py $< 50000 1 2

fuzz-kernel: $(BUILD)/kernel-check/kernel.elf
	@$(BOARD_TEST) benchmarks/test/fuzz.py $< 250000 11 12 13 14

# Kernels with a fault each, which the conformance test must find. A slice: the fast path's conditions, and a few of the others.
MUTANTS_SLICE := fast-and-long fast-without-right fast-to-the-unimportant fast-reply-to-the-unimportant fast-past-a-signal fast-past-a-sender \
	fast-guard-ignored guard-ignored kernel-addresses-mapped stale-translations memory-not-cleared cancelled-in-part

check-kernel-mutants: $(BUILD)/kernel-check/kernel.elf
	+@$(BOARD_TEST) benchmarks/test/mutants.py $(MAKE) $(BUILD)/kernel-mutants $(MUTANTS_SLICE)

kernel-mutants: $(BUILD)/kernel-check/kernel.elf
	+@$(BOARD_TEST) benchmarks/test/mutants.py $(MAKE) $(BUILD)/kernel-mutants

bench-ipc: $(BUILD)/kernel-plain/kernel.elf $(BUILD)/platform/potoroo-platform.so
	@$(BOARD_TEST) benchmarks/test/ipc.py $^ platforms/reference.ini

.PHONY: fuzz-kernel kernel-builds kernel-mutants bench-ipc
HELP += "kernel-mutants|kernels with a fault each, which the conformance test must find" "bench-ipc|warm one-way IPC in cycles, without probes"

HELP += "fuzz-kernel|1,000,000 random system calls on the kernel that tests its invariants" "kernel-builds|the kernel by gcc and clang at each level, conformance tested"

CHECKS += check-kernel-conformance check-kernel-campaign check-kernel-builds check-kernel-fuzz check-kernel-mutants

include benchmarks/programs/rules.mk
include benchmarks/binaries/rules.mk
include benchmarks/guests/rules.mk

# Bounds on 5 boards of the blind suite, each inferred, measured, bounded and held against further entries: make soundness-boards [BOARDS=I,J,…]
BOARDS := 0,1,3,4,6
soundness_boards = $(PYTHON) -B benchmarks/soundness_boards.py $(BUILD)/potoroo $(KERNEL) $(BUILD)/soundness-boards
soundness-boards: build
	@$(soundness_boards) --boards $(BOARDS) --suite $(BLIND_SEED)

# Two levels, a policy that is not LRU, jitter: small, and measured briefly.
check-soundness-boards: build
	@$(soundness_boards)-slice --boards 3 --measure 12000 --entries 8000

.PHONY: soundness-boards check-soundness-boards
CHECKS += check-soundness-boards
HELP += "soundness-boards|infer 5 boards of the blind suite, bound the kernel on each, verify further entries [BOARDS=I,J,…]"
