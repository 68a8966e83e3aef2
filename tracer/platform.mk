# The reference board: a plugin for QEMU (position-independent objects of its own).
PLATFORM_SOURCES := plugin translate timing flow output cache decode platform_ini
PLATFORM_OBJECTS := $(PLATFORM_SOURCES:%=$(BUILD)/obj/pic/tracer/platform/%.o)
PLATFORM_PLUGIN := $(BUILD)/platform/potoroo-platform.so

build: $(PLATFORM_PLUGIN)

$(BUILD)/obj/pic/%.o: %.c | $(BUILD)/deps.mk
	@mkdir -p $(@D)
	@echo "  CC     $< (pic)"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -fvisibility=hidden -flto -MMD -MP -c -o $@ $<

# QEMU itself provides the qemu_plugin_* and g_* symbols.
$(PLATFORM_PLUGIN): $(PLATFORM_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LINK   $@"
	$(Q)$(CC) -O2 -flto -shared $(LDFLAGS) -o $@ $^ -linih

.PHONY: platform
platform: $(PLATFORM_PLUGIN)
HELP += "platform|build the reference board's QEMU plugin"

# ---- tests ----
$(eval $(call host_program,tracer/platform/test/cache_test,tracer/platform/test/cache_test.c tracer/platform/cache.c,,-lcmocka))
$(eval $(call host_program,tracer/platform/test/ini_test,tracer/platform/test/ini_test.c tracer/platform/platform_ini.c,,-lcmocka -linih))
$(eval $(call host_program,tracer/platform/test/decode_test,tracer/platform/test/decode_test.c tracer/platform/decode.c,,-lcmocka))

PLATFORM_TEST := tracer/platform/test
PLATFORM_TEST_ENV := QEMU=$(QEMU) RV_PREFIX=$(RV_PREFIX)

$(BUILD)/obj/$(PLATFORM_TEST)/decode_rows.h: $(PLATFORM_TEST)/decode_rows.py
	@mkdir -p $(@D)
	$(Q)$(PLATFORM_TEST_ENV) $(PYTHON) $< $@
$(BUILD)/obj/$(PLATFORM_TEST)/decode_test.o: $(BUILD)/obj/$(PLATFORM_TEST)/decode_rows.h
$(BUILD)/obj/$(PLATFORM_TEST)/decode_test.o: CPPFLAGS += -I$(BUILD)/obj/$(PLATFORM_TEST)

check-platform-units: $(BUILD)/$(PLATFORM_TEST)/cache_test $(BUILD)/$(PLATFORM_TEST)/ini_test $(BUILD)/$(PLATFORM_TEST)/decode_test
	@s=0; for t in $^; do .ci/cmocka $$t || s=1; done; exit $$s

check-platform-guests: $(PLATFORM_PLUGIN)
	@$(PLATFORM_TEST_ENV) $(PYTHON) $(PLATFORM_TEST)/run_guests.py

check-platform-board: $(PLATFORM_PLUGIN)
	@$(PLATFORM_TEST_ENV) $(PYTHON) $(PLATFORM_TEST)/board_test.py

CHECKS += check-platform-units check-platform-guests check-platform-board

# The kernel's own workload: 40000 entries of seed 7 (boot arguments as in docs/ARCHITECTURE.md).
.PHONY: bench-platform
bench-platform: $(PLATFORM_PLUGIN) $(BUILD)/kernel/kernel.elf
	@$(PLATFORM_TEST_ENV) $(PYTHON) $(PLATFORM_TEST)/bench.py
	@$(PLATFORM_TEST_ENV) $(PYTHON) $(PLATFORM_TEST)/bench.py $(BUILD)/kernel/kernel.elf \
		-device loader,addr=0x87e08000,data=7,data-len=8 -device loader,addr=0x87e08008,data=40000,data-len=8
HELP += "bench-platform|time the board against the same QEMU without the plugin (at most 3 times)"
