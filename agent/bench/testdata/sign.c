/* The floor that signature.create is measured against: a document's SHA-256 and one C_Sign, by a module
 * that is loaded, in a session that is logged in, with the key found. sign MODULE PIN KEYID-HEX FILE TIMES
 * prints the microseconds of each time. With "login" behind it each time logs in, finds the key and logs out, as
 * the agent must, since a PIN is for one signature. CK_ULONG is long on every system with dlopen. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef unsigned long ulong_t;
typedef struct { ulong_t type; void *value; ulong_t length; } attribute;
typedef struct { ulong_t mechanism; void *parameter; ulong_t length; } mechanism;
/* The functions of CK_FUNCTION_LIST by their place (PKCS#11 v2.40, pkcs11f.h). */
typedef struct { unsigned char version[2]; ulong_t (*f[68])(); } list;
enum { INITIALIZE = 0, GET_SLOT_LIST = 4, OPEN_SESSION = 12, LOGIN = 18, LOGOUT = 19, FIND_INIT = 26, FIND = 27, FIND_FINAL = 28,
	DIGEST_INIT = 37, DIGEST = 38, SIGN_INIT = 42, SIGN = 43 };

static list *l;

static void must(ulong_t rv, const char *what)
{
	if (rv) { fprintf(stderr, "%s: 0x%lx\n", what, rv); exit(1); }
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static ulong_t session, key;
static unsigned char id[64];
static ulong_t id_length;

static void login(const char *pin)
{
	ulong_t found, class = 3 /* CKO_PRIVATE_KEY */;
	attribute want[] = { { 0, &class, sizeof class }, { 0x102 /* CKA_ID */, id, id_length } };
	must(l->f[LOGIN](session, 1UL, pin, (ulong_t)strlen(pin)), "C_Login");
	must(l->f[FIND_INIT](session, want, 2UL), "C_FindObjectsInit");
	must(l->f[FIND](session, &key, 1UL, &found), "C_FindObjects");
	must(l->f[FIND_FINAL](session), "C_FindObjectsFinal");
	must(found != 1, "the key");
}

int main(int argc, char **argv)
{
	if (argc != 6 && argc != 7) return 2;
	void *m = dlopen(argv[1], RTLD_NOW);
	if (!m) { fprintf(stderr, "%s\n", dlerror()); return 1; }
	ulong_t (*get)(list **) = (ulong_t (*)(list **))dlsym(m, "C_GetFunctionList");
	must(get(&l), "C_GetFunctionList");
	must(l->f[INITIALIZE](NULL), "C_Initialize");
	ulong_t slots[8], count = 8;
	must(l->f[GET_SLOT_LIST](1, slots, &count), "C_GetSlotList");
	must(l->f[OPEN_SESSION](slots[0], 4UL, NULL, NULL, &session), "C_OpenSession");
	id_length = strlen(argv[3]) / 2;
	for (ulong_t i = 0; i < id_length; i++) sscanf(argv[3] + 2 * i, "%2hhx", &id[i]);
	if (argc == 6) login(argv[2]);
	FILE *f = fopen(argv[4], "rb");
	static unsigned char document[16 << 20];
	ulong_t size = fread(document, 1, sizeof document, f);
	static const unsigned char info[19] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
	for (int i = atoi(argv[5]); i > 0; i--) {
		unsigned char signature[512], tosign[51];
		ulong_t length = sizeof signature, digest = 32;
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
		double begin = now();
		if (argc == 7) login(argv[2]);
		mechanism sha256 = { 0x250, NULL, 0 }, rsa = { 1, NULL, 0 };
		memcpy(tosign, info, sizeof info);
		must(l->f[DIGEST_INIT](session, &sha256), "C_DigestInit");
		must(l->f[DIGEST](session, document, size, tosign + sizeof info, &digest), "C_Digest");
		must(l->f[SIGN_INIT](session, &rsa, key), "C_SignInit");
		must(l->f[SIGN](session, tosign, (ulong_t)sizeof tosign, signature, &length), "C_Sign");
		if (argc == 7) must(l->f[LOGOUT](session), "C_Logout");
		printf("%.1f\n", now() - begin);
	}
	return 0;
}
