# potoroo's build. `make help` lists the targets; each room adds its own in ROOM/rules.mk.
#
# What a rules.mk may add to:
#   CHECKS        names of targets that `make check` runs; each prints a line "N passed, N failed"
#   HELP          lines for `make help`: HELP += "target|what it does"
# and what it may call:
#   $(eval $(call host_library,ROOM,SOURCES))            build/ROOM/libROOM.a
#   $(eval $(call host_program,PATH,SOURCES,ROOMS,LIBS)) build/PATH, linked with the rooms' libraries
#   $(eval $(call unit_test,ROOM,NAME,ROOMS,LIBS))       ROOM/test/NAME.c, a cmocka program, into CHECKS
# Recipes start with $(Q): quiet, unless V=1.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

BUILD := build
CHECKS :=
HELP :=
Q := $(if $(filter 1,$(V)),,@)

# build/deps.mk holds where the set-up found each tool and library: DEPS_CPPFLAGS CAPSTONE_LIBS RV_PREFIX RV_CC QEMU
# PYTHON. These targets need none of them.
ifneq ($(filter-out help clean setup fresh-check,$(or $(MAKECMDGOALS),all)),)
$(BUILD)/deps.mk: .ci/setup
	@.ci/setup $@
include $(BUILD)/deps.mk
endif

# Tests need more. Where that cannot be installed, those that need it fail, the others run.
ifneq ($(filter check check-%,$(MAKECMDGOALS)),)
$(BUILD)/tests.mk: .ci/setup | $(BUILD)/deps.mk
	@.ci/setup --with tests $(BUILD)/deps.mk || true
	@touch $@
include $(BUILD)/tests.mk
endif

# No warning of truncation: cutting long text short is what snprintf is used for.
CC       := gcc
CPPFLAGS := -I. -D_GNU_SOURCE $(DEPS_CPPFLAGS)
CFLAGS   := -std=c11 -O2 -g -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-format-truncation -Werror -fno-omit-frame-pointer
LDFLAGS  :=

define host_library
$(BUILD)/$(1)/lib$(1).a: $(patsubst %.c,$(BUILD)/obj/%.o,$(2))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
endef

# The rooms' libraries are searched as one group, so the order of ROOMS does not matter.
define host_program
$(BUILD)/$(1): $(patsubst %.c,$(BUILD)/obj/%.o,$(2)) $(foreach r,$(3),$(BUILD)/$(r)/lib$(r).a)
	@mkdir -p $$(@D)
	@echo "  LINK   $$@"
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $(patsubst %.c,$(BUILD)/obj/%.o,$(2)) -Wl,--start-group $(foreach r,$(3),$(BUILD)/$(r)/lib$(r).a) -Wl,--end-group $(4)
endef

define unit_test
$(call host_program,$(1)/test/$(2),$(1)/test/$(2).c,$(3),-lcmocka $(4))
check-$(1)-$(2): $(BUILD)/$(1)/test/$(2)
	@.ci/cmocka $$<
CHECKS += check-$(1)-$(2)
endef

$(BUILD)/obj/%.o: %.c Makefile | $(BUILD)/deps.mk
	@mkdir -p $(@D)
	@echo "  CC     $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

include $(wildcard */rules.mk) .ci/rules.mk
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

.PHONY: all build check help clean setup $(CHECKS)

# Runs all of them though some fail, and ends with one line "N passed, N failed" for the whole.
check:
	+@MAKE='$(MAKE)' .ci/check $(BUILD)/check.log build $(CHECKS)

setup:
	@.ci/setup $(BUILD)/deps.mk

clean: ## leaves build/deps and build/deps.mk, which only the set-up makes
	rm -rf $(filter-out $(BUILD)/deps $(BUILD)/deps.mk,$(wildcard $(BUILD)/*))

help:
	@printf '%s\n' $(HELP) | sort | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

HELP += "all|what plain make does: build, boot the kernel, measure, analyse, print the WCET table"
HELP += "build|build the tools and the kernel alone" "check|run all tests" "clean|remove what was built"
HELP += "help|list the targets" "setup|look again for tools and libraries, install what is missing"
