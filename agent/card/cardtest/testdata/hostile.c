/*
 * A PKCS#11 module that misbehaves to order. It declares what it needs of PKCS#11 v2.40 itself, so that a
 * C compiler is all it takes. For Windows: x86_64-w64-mingw32-gcc -shared -w -o hostile.dll hostile.c
 *
 * HOSTILE        what goes wrong: FUNCTION=ACTION, several separated by commas. Actions: hang, spin, segv,
 *                abort, exit, smash (the heap), fds (closes all from 3 on), stdout (prints), stdin (reads),
 *                rv:NUMBER (returns it), sleep:MS (works, later), wait (works, once HOSTILE_IF is gone),
 *                many (lists absurdly many), objects (10,000 of them), garbage (fills the result with nonsense),
 *                nothing (succeeds without a result)
 * HOSTILE_IF     the orders count only while this file exists
 * HOSTILE_FLAGS  the token's flags, a number
 * HOSTILE_CERT   a file with the DER of the one certificate, read each time
 * HOSTILE_LOG    a file that gets a line for each call of a function that the token would notice
 * HOSTILE_PIDS   a file that gets the number of each process that loads the module
 * HOSTILE_MECHANISMS  what the token offers, numbers with commas; then the log also has the mechanism and the length
 *                of what is signed, and signatures are as long as the mechanism makes them
 * HOSTILE_KEY    "visible" shows the key without login, "rsa:HEX" gives it this CKA_MODULUS and no CKA_ID
 * HOSTILE_TWINS  when set, the reader has two tokens, which both show the certificate; the key, its public half and its
 *                PIN (271828) are on the second, the first one's PIN is 000000
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef _WIN32
#pragma pack(push, 1)
__declspec(dllimport) void __stdcall Sleep(unsigned long);
__declspec(dllimport) int __stdcall CloseHandle(void *);
#define pause() Sleep(~0UL)
#define close(fd) CloseHandle((void *)(size_t)(4 * (fd)))
#endif

typedef unsigned long ulong_t;
struct version { unsigned char major, minor; };
struct slot_info { char description[64], manufacturer[32]; ulong_t flags; struct version hw, fw; };
struct token_info {
	char label[32], manufacturer[32], model[16], serial[16];
	ulong_t flags, sessions[4], max_pin, min_pin, memory[4];
	struct version hw, fw;
	char time[16];
};
struct mechanism_info { ulong_t min, max, flags; };
struct attribute { ulong_t type; void *value; ulong_t length; };

enum { OK = 0, ARGUMENTS_BAD = 7, TYPE_INVALID = 0x12, NOT_SUPPORTED = 0x54, PIN_INCORRECT = 0xA0,
       WRITE_PROTECTED = 0xE2 };
enum { CERTIFICATE = 1, PUBLIC_KEY = 2, PRIVATE_KEY = 3 };
enum { RW_SESSION = 2 };
enum { PAD = 0x100 };

static void note(const char *function, const char *detail)
{
	const char *path = getenv("HOSTILE_LOG");
	FILE *f = path ? fopen(path, "ab") : NULL;
	if (!f)
		return;
	fprintf(f, "%s%s\n", function, detail);
	fclose(f);
}

static const char *ordered(const char *function)
{
	const char *list = getenv("HOSTILE"), *found;
	char key[64];
	if (!list || (getenv("HOSTILE_IF") && access(getenv("HOSTILE_IF"), F_OK)))
		return "";
	snprintf(key, sizeof key, "%s=", function);
	for (found = strstr(list, key); found && found != list && found[-1] != ','; )
		found = strstr(found + 1, key);
	return found ? found + strlen(key) : "";
}

static int is(const char *action, const char *name) { return !strncmp(action, name, strlen(name)); }

/* misbehave does what is ordered; it gives 1 where the function is to return *rv at once. */
static int misbehave(const char *function, ulong_t *rv)
{
	const char *action = ordered(function);
	if (is(action, "hang")) for (;;) pause();
	if (is(action, "spin")) for (volatile int i = 0;; i++) ;
	if (is(action, "segv")) *(volatile int *)8 = 1;
	if (is(action, "abort")) abort();
	if (is(action, "exit")) exit(7);
	if (is(action, "smash")) { char *h = malloc(16); memset(h - 16, 'A', 4096); free(h); abort(); }
	if (is(action, "fds")) for (int i = 3; i < 256; i++) close(i);
	if (is(action, "stdout")) { printf("\x01\x02\x03\x04 printed by the module\n"); fflush(stdout); }
	if (is(action, "stdin")) { char b[4096]; while (read(0, b, sizeof b) > 0) ; }
	if (is(action, "sleep:")) usleep(1000 * strtoul(action + 6, NULL, 0));
	if (is(action, "wait")) while (is(ordered(function), "wait")) usleep(5000);
	if (is(action, "nothing")) { *rv = OK; return 1; }
	if (is(action, "rv:")) { *rv = strtoul(action + 3, NULL, 0); return 1; }
	return 0;
}
#define MISBEHAVE ulong_t rv_ = OK; if (misbehave(__func__, &rv_)) return rv_
/* GARBAGE fills a structure with nonsense where that is ordered. */
#define GARBAGE(structure) if (is(ordered(__func__), "garbage")) { memset(&structure, 0xA7, sizeof structure); return OK; }

static void pad(char *to, size_t size, const char *text) { memset(to, ' ', size); memcpy(to, text, strlen(text)); }

static ulong_t flags(void)
{
	const char *f = getenv("HOSTILE_FLAGS");
	return f ? strtoul(f, NULL, 0) : 0x40C; /* LOGIN_REQUIRED, USER_PIN_INITIALIZED, TOKEN_INITIALIZED */
}

static ulong_t class, mechanism;
static int found, logged_in, twin;

static int twins(void) { return getenv("HOSTILE_TWINS") != NULL; }
static int key_here(void) { return !twins() || twin; }
static int key_visible(void)
{
	const char *key = getenv("HOSTILE_KEY");
	return key_here() && (logged_in || (key && is(key, "visible")));
}

static ulong_t C_Initialize(void *args) { MISBEHAVE; return OK; }
static ulong_t C_Finalize(void *reserved) { MISBEHAVE; note("C_Finalize", ""); return OK; }

static ulong_t C_GetSlotList(unsigned char present, ulong_t *list, ulong_t *count)
{
	MISBEHAVE;
	GARBAGE(*count);
	*count = is(ordered(__func__), "many") ? ~0UL : 1 + twins();
	if (list) for (int i = 0; i <= twins(); i++) list[i] = i;
	return OK;
}

static ulong_t C_GetSlotInfo(ulong_t slot, struct slot_info *i)
{
	MISBEHAVE;
	GARBAGE(*i);
	memset(i, 0, sizeof *i);
	pad(i->description, 64, "Hostile TEST reader");
	pad(i->manufacturer, 32, "TEST");
	i->flags = 1;
	return OK;
}

static ulong_t C_GetTokenInfo(ulong_t slot, struct token_info *i)
{
	MISBEHAVE;
	GARBAGE(*i);
	memset(i, 0, sizeof *i);
	pad(i->label, 32, !twins() ? "Hostile TEST card" : slot ? "TEST card (QES PIN)" : "TEST card (PIN)");
	pad(i->manufacturer, 32, "TEST");
	pad(i->model, 16, "TEST");
	pad(i->serial, 16, "1");
	i->flags = flags();
	i->min_pin = 4;
	i->max_pin = 8;
	return OK;
}

static ulong_t C_GetMechanismList(ulong_t slot, ulong_t *list, ulong_t *count)
{
	const char *mechanisms = getenv("HOSTILE_MECHANISMS");
	char *end;
	MISBEHAVE;
	GARBAGE(*count);
	*count = 0;
	for (const char *m = mechanisms ? mechanisms : "1"; *m; m = *end ? end + 1 : end) {
		ulong_t type = strtoul(m, &end, 0);
		if (list) list[*count] = type;
		++*count;
	}
	return OK;
}

static ulong_t C_GetMechanismInfo(ulong_t slot, ulong_t mechanism, struct mechanism_info *i)
{
	MISBEHAVE;
	GARBAGE(*i);
	i->min = i->max = 2048;
	i->flags = 0x800;
	return OK;
}

static ulong_t C_OpenSession(ulong_t slot, ulong_t f, void *application, void *notify, ulong_t *session)
{
	MISBEHAVE;
	GARBAGE(*session);
	if (f & RW_SESSION)
		return WRITE_PROTECTED;
	twin = slot;
	*session = 1;
	return OK;
}

static ulong_t C_CloseSession(ulong_t session) { MISBEHAVE; logged_in = 0; return OK; }

static ulong_t C_Login(ulong_t session, ulong_t user, unsigned char *pin, ulong_t length)
{
	char detail[32];
	snprintf(detail, sizeof detail, " user %lu, %s", user, pin ? "PIN" : "pad");
	note("C_Login", detail);
	MISBEHAVE;
	if (!pin && !(flags() & PAD))
		return ARGUMENTS_BAD;
	if (pin && (length != 6 || memcmp(pin, key_here() ? "271828" : "000000", 6)))
		return PIN_INCORRECT;
	logged_in = 1;
	return OK;
}

static ulong_t C_Logout(ulong_t session) { note("C_Logout", ""); MISBEHAVE; logged_in = 0; return OK; }

static ulong_t C_FindObjectsInit(ulong_t session, struct attribute *a, ulong_t count)
{
	MISBEHAVE;
	class = count ? *(ulong_t *)a[0].value : 0;
	found = 0;
	return OK;
}

static ulong_t C_FindObjects(ulong_t session, ulong_t *list, ulong_t max, ulong_t *count)
{
	MISBEHAVE;
	GARBAGE(*count);
	*count = 0;
	if (is(ordered(__func__), "many")) { *count = ~0UL; return OK; }
	if (is(ordered(__func__), "objects")) {
		for (; found < 10000 && *count < max; found++)
			list[(*count)++] = class;
		return OK;
	}
	if (found || !(class == CERTIFICATE || (class == PUBLIC_KEY && twins() && key_here()) || (class == PRIVATE_KEY && key_visible())))
		return OK;
	found = 1;
	list[0] = class;
	*count = 1;
	return OK;
}

static ulong_t C_FindObjectsFinal(ulong_t session) { MISBEHAVE; return OK; }

static ulong_t C_GetAttributeValue(ulong_t session, ulong_t object, struct attribute *a, ulong_t count)
{
	static unsigned char der[8192], modulus[1024];
	static ulong_t der_length, zero;
	const void *value = NULL;
	ulong_t length = 0;
	MISBEHAVE;
	const char *key = getenv("HOSTILE_KEY");
	if (is(ordered(__func__), "many")) { a->length = ~1UL; return OK; }
	if (is(ordered(__func__), "garbage")) {
		static unsigned seed = 1;
		length = 1 + (seed = seed * 1103515245 + 12345) / 65536 % 300;
		if (a->value) for (ulong_t i = 0; i < a->length && i < length; i++)
			((unsigned char *)a->value)[i] = (seed = seed * 1103515245 + 12345) >> 16;
		a->length = length;
		return OK;
	}
	if (getenv("HOSTILE_CERT")) {
		FILE *f = fopen(getenv("HOSTILE_CERT"), "rb");
		if (f) { der_length = fread(der, 1, sizeof der, f); fclose(f); }
	}
	switch (a->type) {
	case 0x011: value = der; length = der_length; break;
	case 0x080: value = &zero; length = sizeof zero; break;
	case 0x102: if (!key || !is(key, "rsa:")) { value = "\1"; length = 1; } break;
	case 0x120:
		if (key && is(key, "rsa:") && object != CERTIFICATE)
			for (const char *h = key + 4; h[0] && h[1] && length < sizeof modulus; h += 2)
				sscanf(h, "%2hhx", &modulus[length++]);
		value = modulus;
		break;
	}
	if (!length) { a->length = ~0UL; return TYPE_INVALID; }
	if (a->value) memcpy(a->value, value, length);
	a->length = length;
	return OK;
}

static ulong_t C_SignInit(ulong_t session, ulong_t *m, ulong_t key)
{
	char detail[32];
	mechanism = *m;
	snprintf(detail, sizeof detail, " 0x%lX", mechanism);
	if (getenv("HOSTILE_MECHANISMS"))
		note(__func__, detail);
	MISBEHAVE;
	return OK;
}

static ulong_t C_Sign(ulong_t session, void *data, ulong_t n, unsigned char *signature, ulong_t *length)
{
	ulong_t size = mechanism >= 0x1041 && mechanism <= 0x1046 ? 64 : 256;
	char detail[32] = "";
	if (getenv("HOSTILE_MECHANISMS"))
		snprintf(detail, sizeof detail, " %lu bytes", n);
	note("C_Sign", detail);
	MISBEHAVE;
	GARBAGE(*length);
	if (is(ordered(__func__), "many")) { *length = ~0UL; return OK; }
	if (signature) memset(signature, 0x5A, size);
	*length = size;
	return OK;
}

static ulong_t unsupported(void) { return NOT_SUPPORTED; }

struct function_list { struct version version; void *function[68]; };

ulong_t C_GetFunctionList(struct function_list **list)
{
	static struct function_list l = {{2, 40}};
	FILE *pids = getenv("HOSTILE_PIDS") ? fopen(getenv("HOSTILE_PIDS"), "a") : NULL;
	if (pids) { fprintf(pids, "%d\n", getpid()); fclose(pids); }
	MISBEHAVE;
	GARBAGE(*list);
	for (int i = 0; i < 68; i++)
		l.function[i] = unsupported;
	l.function[0] = C_Initialize;
	l.function[1] = C_Finalize;
	l.function[4] = C_GetSlotList;
	l.function[5] = C_GetSlotInfo;
	l.function[6] = C_GetTokenInfo;
	l.function[7] = C_GetMechanismList;
	l.function[8] = C_GetMechanismInfo;
	l.function[12] = C_OpenSession;
	l.function[13] = C_CloseSession;
	l.function[18] = C_Login;
	l.function[19] = C_Logout;
	l.function[24] = C_GetAttributeValue;
	l.function[26] = C_FindObjectsInit;
	l.function[27] = C_FindObjects;
	l.function[28] = C_FindObjectsFinal;
	l.function[42] = C_SignInit;
	l.function[43] = C_Sign;
	*list = &l;
	return OK;
}
