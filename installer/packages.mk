# Part of ../Makefile: the packages of one CA, and their tests. README.md says what is in them.

NFPM := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2

.PHONY: packages test-packages tested-packages test-same test-archives test-deb test-crx

# The extension's private key signs the CRX; without one there is none.
ifndef CA
CA      := build/authority/installer/ca.json
CRX_KEY := build/authority/extension/key.pem
endif
ARCH ?= $(shell go env GOARCH)
OUT  ?= build/packages

packages: PACKAGES += zip
packages: system extension/node_modules/.package-lock.json $(TOOLS)/nfpm $(CA)
	@mkdir -p build/agent
	node installer/list.mjs --ca $(CA) --out build/agent/list
	CGO_ENABLED=0 GOOS=linux GOARCH=$(ARCH) go build -overlay build/agent/list/overlay.json -trimpath -buildmode=pie -ldflags '$(LDFLAGS)' -o build/agent/linux-$(ARCH)-$(VERSION) ./agent/cmd/odnowa-agent
	node installer/build.mjs --ca $(CA) $(if $(CRX_KEY),--crx-key $(CRX_KEY)) --version $(VERSION) --arch $(ARCH) \
	  --agent build/agent/linux-$(ARCH)-$(VERSION) --nfpm $(TOOLS)/nfpm --out $(OUT)

$(TOOLS)/nfpm:
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) go install $(NFPM)

build/authority/installer/ca.json: | portal
	rm -rf build/authority
	build/bin/odnowa-portal sandbox create --dir build/authority >/dev/null

# The tests: packages of a fresh test authority, in a Debian that boots and in a Chromium under policy. Both need root.

TESTED  := build/test-packages
TEST_CA := CA=$(TESTED)/authority/installer/ca.json CRX_KEY=$(TESTED)/authority/extension/key.pem
NEWER    = $(TESTED)/newer/odnowa-agent_$(VERSION)-1_$(ARCH).deb
OLDER    = $(TESTED)/older/odnowa-agent_0.0.1-1_$(ARCH).deb
AS_ROOT := $(SUDO) env "PATH=$$PATH"

test-packages: PACKAGES += zip debootstrap systemd-container lintian iproute2 unzip
test-packages: system
	@$(TIMED) --start
	@$(TIMED) 'packages'                              $(MAKE) --no-print-directory tested-packages
	@$(TIMED) 'packages once more: the same bytes'    $(MAKE) --no-print-directory test-same
	@$(TIMED) 'deb: lintian; zip, XPI'                $(MAKE) --no-print-directory test-archives
	@$(TIMED) 'a Debian to install into'              $(MAKE) --no-print-directory $(MACHINE)
	@$(TIMED) 'deb: installed, used, upgraded, gone'  $(MAKE) --no-print-directory test-deb
	@$(TIMED) 'CRX: Chromium under policy'            $(MAKE) --no-print-directory test-crx
	@$(TIMED) 'cross-builds'                          $(MAKE) --no-print-directory cross
	@$(TIMED) 'the Windows build under Wine'          $(MAKE) --no-print-directory test-wine
	@$(TIMED) --summary

tested-packages: extension portal
	$(SUDO) rm -rf $(TESTED)
	build/bin/odnowa-portal sandbox create --dir $(TESTED)/authority >/dev/null
	$(MAKE) --no-print-directory packages $(TEST_CA) OUT=$(TESTED)/older VERSION=0.0.1
	$(MAKE) --no-print-directory packages $(TEST_CA) OUT=$(TESTED)/newer

# What people's computers differ in must not show.
test-same:
	umask 077; TZ=Pacific/Apia LC_ALL=C $(MAKE) --no-print-directory packages $(TEST_CA) OUT=$(TESTED)/again
	diff -r $(TESTED)/newer $(TESTED)/again

test-archives:
	lintian --allow-root --fail-on error,warning $(NEWER)
	unzip -tq $(TESTED)/newer/odnowa-$(VERSION).xpi
	diff <(unzip -Z1 $(TESTED)/newer/odnowa-$(VERSION).xpi | sort) <(cd extension/dist/extension && find . -type f -printf '%P\n' | sort)
	cmp $(TESTED)/newer/odnowa-$(VERSION).{zip,xpi}

test-deb: $(MACHINE)
	$(AS_ROOT) node extension/e2e/dist/packages/packages.mjs --machine $(MACHINE) --authority $(TESTED)/authority \
	  --older $(OLDER) --newer $(NEWER) --results $(CURDIR)/$(TESTED)/deb

test-crx:
	$(AS_ROOT) unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private \
	  node extension/e2e/dist/packages/browser.mjs --authority $(TESTED)/authority --deb $(NEWER) \
	  --crx $(TESTED)/newer/odnowa-$(VERSION).crx --sdk extension/dist/sdk --results $(CURDIR)/$(TESTED)/crx

# A Debian 12 with a card's software and an ordinary user. Made once; another list of packages makes another.
MACHINE_PACKAGES := systemd systemd-sysv dbus dbus-user-session libpam-systemd iproute2 pinentry-gtk2 softhsm2
MACHINE := build/cache/debian-12-$(shell echo $(MACHINE_PACKAGES) | md5sum | cut -c -8).tar
# Empty: debootstrap's own choice.
MIRROR  ?=
comma   := ,

$(MACHINE):
	@mkdir -p build/cache
	$(SUDO) rm -rf $@.root
	$(SUDO) debootstrap --variant=minbase --include=$(subst $() ,$(comma),$(MACHINE_PACKAGES)) bookworm $@.root $(MIRROR) >$@.log
	$(SUDO) chroot $@.root useradd --create-home --uid 1000 --shell /bin/bash person
	$(SUDO) install -d $@.root/var/lib/systemd/linger
	$(SUDO) touch $@.root/var/lib/systemd/linger/person
	$(SUDO) rm -rf $@.root/var/cache/apt/archives $@.root/var/lib/apt/lists
	$(SUDO) tar -C $@.root --numeric-owner -cf $@.part .
	$(SUDO) rm -rf $@.root
	mv $@.part $@
