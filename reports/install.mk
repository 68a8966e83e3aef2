# make install / uninstall [PREFIX=/usr/local] [DESTDIR=]. The commands find what they need relative to where they lie.
PREFIX ?= /usr/local
DESTDIR ?=
DEST = $(DESTDIR)$(PREFIX)

MAN_PAGES := $(patsubst docs/man/%.scd,$(BUILD)/man/%,$(wildcard docs/man/*.scd))
INSTALL_BIN := $(BUILD)/potoroo $(BUILD)/potoroo-check
INSTALL_REPORTS := reports/report.py reports/report.html.j2 reports/report.css reports/report.js

$(BUILD)/man/%: docs/man/%.scd
	@mkdir -p $(@D)
	$(Q)SOURCE_DATE_EPOCH=0 scdoc < $< > $@

man: $(BUILD)/reports/.setup $(MAN_PAGES)

# Manual pages go along where scdoc is there to make them (`make man` installs it): installing installs no packages.
install: build
	@command -v scdoc >/dev/null && $(MAKE) --no-print-directory $(MAN_PAGES) || echo "no scdoc: without manual pages (make man first)"
	install -d "$(DEST)/bin" "$(DEST)/lib/potoroo/reports/schema" "$(DEST)/include/potoroo" "$(DEST)/share/potoroo" "$(DEST)/share/man/man1" "$(DEST)/share/bash-completion/completions"
	install -m 755 $(INSTALL_BIN) "$(DEST)/bin"
	install -m 644 $(PLATFORM_PLUGIN) "$(DEST)/lib/potoroo"
	install -m 644 $(INSTALL_REPORTS) "$(DEST)/lib/potoroo/reports"
	install -m 644 reports/schema/*.json "$(DEST)/lib/potoroo/reports/schema"
	install -m 644 tracer/target/* "$(DEST)/include/potoroo"
	install -m 755 reports/ci/*.sh "$(DEST)/share/potoroo"
	install -m 644 reports/ci/gate.yml platforms/*.ini "$(DEST)/share/potoroo"
	install -m 644 reports/completion/potoroo.bash "$(DEST)/share/bash-completion/completions/potoroo"
	@for page in $(MAN_PAGES); do [ ! -f "$$page" ] || install -m 644 "$$page" "$(DEST)/share/man/man1" || exit 1; done

uninstall:
	rm -f $(patsubst $(BUILD)/%,"$(DEST)/bin/%",$(INSTALL_BIN)) $(patsubst $(BUILD)/man/%,"$(DEST)/share/man/man1/%",$(MAN_PAGES)) "$(DEST)/share/bash-completion/completions/potoroo"
	rm -rf "$(DEST)/lib/potoroo" "$(DEST)/include/potoroo" "$(DEST)/share/potoroo"

# Into a scratch folder: what is installed works from there, and uninstalling leaves nothing.
check-install: build $(BUILD)/wcet.json
	@$(PYTHON) -B reports/test/install_test.py $(BUILD)/install-test $(BUILD)/wcet.json '$(MAKE)'

.PHONY: man install uninstall check-install
CHECKS += check-install
HELP += "install|install [PREFIX=/usr/local] [DESTDIR=]" "uninstall|take it away again" "man|the manual pages, build/man/"
