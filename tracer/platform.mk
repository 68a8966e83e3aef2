# The reference board: a plugin for QEMU (position-independent objects of its own).
PLATFORM_SOURCES := plugin translate timing flow output cache decode platform_ini
PLATFORM_OBJECTS := $(PLATFORM_SOURCES:%=$(BUILD)/obj/pic/tracer/platform/%.o)
PLATFORM_PLUGIN := $(BUILD)/platform/potoroo-platform.so

$(BUILD)/obj/pic/%.o: %.c | $(BUILD)/deps.mk
	@mkdir -p $(@D)
	@echo "  CC     $< (pic)"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

# QEMU itself provides the qemu_plugin_* and g_* symbols.
$(PLATFORM_PLUGIN): $(PLATFORM_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LINK   $@"
	$(Q)$(CC) -shared $(LDFLAGS) -o $@ $^ -linih

.PHONY: platform
platform: $(PLATFORM_PLUGIN)
HELP += "platform|build the reference board's QEMU plugin"
