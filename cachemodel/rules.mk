# The cache model: inference by measuring. The guest is assembled flat and carried inside the library.

$(eval $(call host_library,cachemodel,$(wildcard cachemodel/*.c)))

INFER_GUEST := $(BUILD)/cachemodel/guest.bin
$(INFER_GUEST): cachemodel/guest/guest.S | $(BUILD)/deps.mk
	@mkdir -p $(@D)
	@echo "  RVAS   $@"
	$(Q)$(RV_CC) -nostdlib -march=rv64imafd_zicsr -mabi=lp64d -mcmodel=medany -mno-relax -Wl,-Ttext=0 -Wl,--no-warn-rwx-segments -o $(@:.bin=.elf) $<
	$(Q)$(RV_PREFIX)objcopy -O binary -j .text $(@:.bin=.elf) $@

$(BUILD)/obj/cachemodel/lab.o: $(INFER_GUEST)

REPLAY_GUEST := $(BUILD)/cachemodel/replay.bin
$(REPLAY_GUEST): cachemodel/guest/replay.S | $(BUILD)/deps.mk
	@mkdir -p $(@D)
	@echo "  RVAS   $@"
	$(Q)$(RV_CC) -nostdlib -march=rv64imafd_zicsr -mabi=lp64d -mcmodel=medany -mno-relax -Wl,-Ttext=0 -Wl,--no-warn-rwx-segments -o $(@:.bin=.elf) $<
	$(Q)$(RV_PREFIX)objcopy -O binary -j .text $(@:.bin=.elf) $@

$(BUILD)/obj/cachemodel/replay.o: $(REPLAY_GUEST)

# ---- tests -------------------------------------------------------------------------------------------------------------------

CACHEMODEL_ROOMS := cachemodel tracer cfg base
CACHEMODEL_LIBS := $(CAPSTONE_LIBS) -ldw -lelf -linih -ljansson -lxxhash -lzstd
INFER_TOOL := $(BUILD)/cachemodel/test/infer_tool
$(eval $(call host_program,cachemodel/test/infer_tool,cachemodel/test/infer_tool.c,$(CACHEMODEL_ROOMS),$(CACHEMODEL_LIBS)))

BLIND_SEED := 1
BLIND_COUNT := 64
blind_run = POTOROO_PLUGIN=$(abspath $(PLATFORM_PLUGIN)) $(PYTHON) -B cachemodel/test/blind.py $(INFER_TOOL)
$(INFER_TOOL)-ready: $(INFER_TOOL) $(PLATFORM_PLUGIN)

.PHONY: blind check-model-command check-blind check-blind-mutants check-cachemodel-sees-nothing $(INFER_TOOL)-ready
blind: $(INFER_TOOL)-ready
	@$(blind_run) --seed $(BLIND_SEED) --count $(BLIND_COUNT)

check-blind: $(INFER_TOOL)-ready
	@$(blind_run) --seed 1 --count 64 --quiet

check-blind-mutants: $(INFER_TOOL)-ready
	@POTOROO_PLUGIN=$(abspath $(PLATFORM_PLUGIN)) $(PYTHON) -B cachemodel/test/mutants.py $(BUILD)/obj/cachemodel/test/infer_tool.o $(CC) $(DEPS_CPPFLAGS) \
		-Wl,--start-group $(foreach r,$(CACHEMODEL_ROOMS),$(BUILD)/$(r)/lib$(r).a) -Wl,--end-group $(CACHEMODEL_LIBS)

check-cachemodel-sees-nothing: $(BUILD)/cachemodel/libcachemodel.a
	@cachemodel/test/sees_nothing.sh $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard cachemodel/*.c))

check-model-command: $(BUILD)/potoroo $(PLATFORM_PLUGIN)
	@cachemodel/test/command_test.sh $(BUILD)/potoroo $(BOARD)

CHECKS += check-model-command check-blind check-blind-mutants check-cachemodel-sees-nothing
HELP += "blind|infer the models of $(BLIND_COUNT) boards unseen and compare (BLIND_SEED=n BLIND_COUNT=n)"
$(eval $(call unit_test,cachemodel,model_test,$(CACHEMODEL_ROOMS),$(CACHEMODEL_LIBS)))
$(eval $(call unit_test,cachemodel,analysis_test,$(CACHEMODEL_ROOMS),$(CACHEMODEL_LIBS)))

check-analysis-mutants: $(BUILD)/cachemodel/test/analysis_test
	@$(PYTHON) -B cachemodel/test/analysis_mutants.py $(BUILD)/obj/cachemodel/test/analysis_test.o $(CC) $(DEPS_CPPFLAGS) \
		-Wl,--start-group $(foreach r,$(CACHEMODEL_ROOMS),$(BUILD)/$(r)/lib$(r).a) -Wl,--end-group -lcmocka $(CACHEMODEL_LIBS)
.PHONY: check-analysis-mutants
CHECKS += check-analysis-mutants

# Miss-count coverage: the proven range against the truth, and encoders that are wrong.
$(eval $(call unit_test,cachemodel,cover_test,$(CACHEMODEL_ROOMS),$(CACHEMODEL_LIBS)))

# Real hardware, so not in make check: what it says hangs on what else the machine does.
host-check: $(BUILD)/potoroo
	@cachemodel/test/host.sh $(BUILD)/potoroo 10
.PHONY: host-check
HELP += "host-check|infer the host's L1D 10 times: what the CPU reports or unknown, never anything else"

check-cover-mutants: $(BUILD)/cachemodel/test/cover_test
	@$(PYTHON) -B cachemodel/test/cover_mutants.py $(BUILD)/obj/cachemodel/test/cover_test.o $(CC) $(DEPS_CPPFLAGS) \
		-Wl,--start-group $(foreach r,$(CACHEMODEL_ROOMS),$(BUILD)/$(r)/lib$(r).a) -Wl,--end-group -lcmocka $(CACHEMODEL_LIBS)
.PHONY: check-cover-mutants
CHECKS += check-cover-mutants
