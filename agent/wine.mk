# Part of ../Makefile: the Windows build of the agent under Wine. What Wine does not do is left out by name, with
# the reason, and printed.

.PHONY: test-wine wine-units wine-chain

WINE      := $(CURDIR)/build/wine
WINE_CC   := x86_64-w64-mingw32-gcc
WINE_RUN  := env WINEPREFIX=$(WINE)/prefix WINEDEBUG=-all WINEDLLOVERRIDES=winemenubuilder.exe=d ODNOWA_TEST_MODULES='Z:$(subst /,\,$(WINE))\modules'
# Wine's own processes keep what they were started with open: its server starts apart from the tests.
WINE_START := $(WINE_RUN) sh -c 'wineserver -k; setsid wineserver -p' </dev/null >/dev/null 2>&1
WINE_END  := $(WINE_RUN) wineserver -k
GO_WIN    := env CGO_ENABLED=0 GOOS=windows GOARCH=amd64 go
CARDTEST  := agent/card/cardtest/testdata

test-wine: PACKAGES += wine wine64 gcc-mingw-w64-x86-64 xvfb xauth openbox xdotool openssl
test-wine: system wine-units wine-chain

# A prefix of our own. Wine 8 lacks the DLL that Go takes random numbers from.
$(WINE)/prefix/made: agent/wine/testdata/bcryptprimitives.c
	@mkdir -p $(WINE)
	rm -rf $(WINE)/prefix
	$(WINE_RUN) wineboot -i </dev/null >$(WINE)/boot.log 2>&1
	$(WINE_RUN) wine winecfg -v win10 </dev/null >>$(WINE)/boot.log 2>&1
	$(WINE_CC) -shared -O2 -o $(WINE)/prefix/drive_c/windows/system32/bcryptprimitives.dll $< -ladvapi32
	$(WINE_RUN) wineserver -w
	touch $@

$(WINE)/modules/soft.dll: $(CARDTEST)/soft.c
	@mkdir -p $(@D)
	$(WINE_CC) -shared -O2 -w -o $@ $< -lbcrypt

$(WINE)/modules/hostile.dll: $(CARDTEST)/hostile.c
	@mkdir -p $(@D)
	$(WINE_CC) -shared -w -o $@ $<

# os.RemoveAll, with which every test cleans up, knows all answers but Wine's to a question of Windows 10's.
$(WINE)/overlay.json: agent/wine.mk
	@mkdir -p $(WINE)
	sed 's/case STATUS_INVALID_INFO_CLASS,/case NTStatus(0xC0000002), STATUS_INVALID_INFO_CLASS,/' \
	  "$$(go env GOROOT)/src/internal/syscall/windows/at_windows.go" >$(WINE)/at_windows.go
	grep -q 0xC0000002 $(WINE)/at_windows.go
	echo "{\"Replace\": {\"$$(go env GOROOT)/src/internal/syscall/windows/at_windows.go\": \"$(WINE)/at_windows.go\"}}" >$@

wine-units: $(WINE)/prefix/made $(WINE)/modules/soft.dll $(WINE)/modules/hostile.dll $(WINE)/overlay.json
	@$(WINE_START)
	@$(WINE_RUN) MODULES=$(WINE) GO="$(GO_WIN)" agent/wine/desktop.sh agent/wine/units.sh; code=$$?; $(WINE_END); exit $$code

# Everything together, seen from Linux. ODNOWA_SCREENSHOTS=DIR keeps a picture of each window (imagemagick); RUN is a
# regular expression of tests.
wine-chain: $(WINE)/prefix/made $(WINE)/modules/soft.dll
	$(GO_WIN) build -trimpath -tags wine -ldflags '$(LDFLAGS)' -o $(WINE)/odnowa-agent.exe ./agent/cmd/odnowa-agent
	go test -c -tags wine -o $(WINE)/chain.test ./agent/wine
	@$(WINE_START)
	@$(WINE_RUN) ODNOWA_WINE=$(WINE) LANG=C.UTF-8 agent/wine/desktop.sh agent/wine/again.sh $(WINE)/chain.log $(WINE)/chain.test -test.v -test.timeout 5m $(if $(RUN),-test.run $(RUN)) && cat $(WINE)/chain.log; code=$$?; $(WINE_END); exit $$code
