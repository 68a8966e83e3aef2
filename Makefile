# potoroo's build. `make help` lists the targets; each room adds its own in ROOM/rules.mk.
#
# What a rules.mk may add to:
#   CHECKS        names of targets that `make check` runs; each prints a runner's closing line
#   HELP          lines for `make help`: HELP += "target|what it does"
# and what it may call:
#   $(eval $(call host_library,ROOM,SOURCES))            build/ROOM/libROOM.a
#   $(eval $(call host_program,PATH,SOURCES,ROOMS,LIBS)) build/PATH, linked with the rooms' libraries
#   $(eval $(call unit_test,ROOM,NAME,ROOMS,LIBS))       ROOM/test/NAME.c, a cmocka program, into CHECKS

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

BUILD := build
CHECKS :=
HELP :=

# build/deps.mk holds where the set-up found each tool and library. Asking for help needs none of them.
ifneq ($(filter-out help clean fresh-check,$(or $(MAKECMDGOALS),all)),)
$(BUILD)/deps.mk: .ci/setup
	@.ci/setup $@
include $(BUILD)/deps.mk
endif

CC       := gcc
CPPFLAGS := -I. -D_GNU_SOURCE $(DEPS_CPPFLAGS)
CFLAGS   := -std=c11 -O2 -g -Wall -Wextra -Wno-format-truncation -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror -fno-omit-frame-pointer
LDFLAGS  :=

define host_library
$(BUILD)/$(1)/lib$(1).a: $(patsubst %.c,$(BUILD)/obj/%.o,$(2))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
endef

# Libraries are named again at the end of the group, so the order of ROOMS does not matter.
define host_program
$(BUILD)/$(1): $(patsubst %.c,$(BUILD)/obj/%.o,$(2)) $(foreach r,$(3),$(BUILD)/$(r)/lib$(r).a)
	@mkdir -p $$(@D)
	@echo "  LINK   $$@"
	@$$(CC) $$(LDFLAGS) -o $$@ $(patsubst %.c,$(BUILD)/obj/%.o,$(2)) -Wl,--start-group $(foreach r,$(3),$(BUILD)/$(r)/lib$(r).a) -Wl,--end-group $(4)
endef

define unit_test
$(call host_program,$(1)/test/$(2),$(1)/test/$(2).c,$(3),-lcmocka $(4))
check-$(1)-$(2): $(BUILD)/$(1)/test/$(2)
	@$$<
CHECKS += check-$(1)-$(2)
endef

$(BUILD)/obj/%.o: %.c | $(BUILD)/deps.mk
	@mkdir -p $(@D)
	@echo "  CC     $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

include $(wildcard */rules.mk)
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

.PHONY: all build check help clean $(CHECKS)

check: build $(CHECKS)

clean: ## leaves build/deps and build/deps.mk, which only the set-up makes
	rm -rf $(filter-out $(BUILD)/deps $(BUILD)/deps.mk,$(wildcard $(BUILD)/*))

help:
	@printf '%s\n' $(HELP) | sort | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

HELP += "help|list the targets" "clean|remove what was built"
