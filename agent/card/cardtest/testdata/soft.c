/*
 * A PKCS#11 module with tokens in software that signs for real, by Windows' own cryptography (CNG). It stands
 * in for SoftHSM, which does not exist for Windows, and behaves like it as far as the tests look: new tokens
 * are seen at C_Initialize, the PIN is 271828, a wrong one sets USER_PIN_COUNT_LOW and never locks.
 *
 *   x86_64-w64-mingw32-gcc -shared -o soft.dll soft.c -lbcrypt
 *
 * SOFT_TOKENS    a folder of tokens, each a folder with the file "label" and, for each object, ID.crt (DER),
 *                ID.key (BCRYPT_RSAPRIVATE_BLOB or BCRYPT_ECCPRIVATE_BLOB), the ID.label of both and, for a key
 *                that asks for the PIN at each signature, an empty ID.always; ID is CKA_ID in hexadecimal, one byte
 */
#include <windows.h>
#include <bcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma pack(push, 1)
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
struct mechanism { ulong_t type; void *parameter; ulong_t length; };
struct pss { ulong_t hash, mgf, salt; };
struct attribute { ulong_t type; void *value; ulong_t length; };
struct function_list { struct version version; void *function[68]; };
#pragma pack(pop)

enum {
	OK = 0, SLOT_INVALID = 3, GENERAL = 5, ARGUMENTS_BAD = 7, TYPE_INVALID = 0x12, DATA_LEN = 0x21, NOT_SUPPORTED = 0x54,
	DEVICE_REMOVED = 0x32, TOKEN_NOT_PRESENT = 0xE0, KEY_TYPE = 0x63, HANDLE_INVALID = 0x60, MECHANISM_INVALID = 0x70, NOT_INITIALIZED_OPERATION = 0x91, PIN_INCORRECT = 0xA0,
	PIN_LEN = 0xA2, SESSION_INVALID = 0xB3, ALREADY_LOGGED_IN = 0x100, NOT_LOGGED_IN = 0x101, SMALL = 0x150, NOT_INIT = 0x190,
	ALREADY_INIT = 0x191
};
enum { CERTIFICATE = 1, PRIVATE_KEY = 3, RSA = 0, EC = 3 };
enum { CKM_RSA = 1, CKM_PSS = 0xD, CKM_SHA256_RSA = 0x40, CKM_SHA512_RSA = 0x42, CKM_SHA256_PSS = 0x43, CKM_SHA512_PSS = 0x45, CKM_ECDSA = 0x1041 };
enum { SLOTS = 8, OBJECTS = 64, SESSIONS = 32 };

struct object {
	ulong_t class, kind; /* RSA or EC, for a key */
	unsigned char id, always;
	unsigned char *data; /* DER, or the key's blob */
	unsigned char *label;
	ulong_t size, label_size;
};
static struct slot {
	char label[33], folder[MAX_PATH];
	int initialized, logged_in, count_low, objects;
	struct object object[OBJECTS];
} slots[SLOTS];
static int slot_count, ready;

static struct session {
	int open, slot, authorised; /* the PIN was given for this very signature */
	ulong_t found[OBJECTS], found_count, found_next;
	struct object *key; /* a signature is begun */
	ulong_t mechanism;
	struct pss pss;
} sessions[SESSIONS];

/* gone says that a token's folder was taken away; the blank one has none. */
static int gone(ulong_t slot)
{
	return *slots[slot].folder && GetFileAttributesA(slots[slot].folder) == INVALID_FILE_ATTRIBUTES;
}

static unsigned char *slurp(const char *path, ulong_t *size)
{
	FILE *f = fopen(path, "rb");
	unsigned char *data = malloc(16384);
	if (!f || !data)
		return NULL;
	*size = (ulong_t)fread(data, 1, 16384, f);
	fclose(f);
	return data;
}

static void read_object(struct slot *s, const char *folder, const char *name)
{
	char path[MAX_PATH];
	const char *ending = strrchr(name, '.');
	struct object *o = &s->object[s->objects];
	if (!ending || s->objects == OBJECTS || (strcmp(ending, ".crt") && strcmp(ending, ".key")))
		return;
	snprintf(path, sizeof path, "%s\\%s", folder, name);
	o->class = strcmp(ending, ".crt") ? PRIVATE_KEY : CERTIFICATE;
	o->id = (unsigned char)strtoul(name, NULL, 16);
	if (!(o->data = slurp(path, &o->size)))
		return;
	snprintf(path, sizeof path, "%s\\%02x.label", folder, o->id);
	o->label = slurp(path, &o->label_size);
	if (o->class == PRIVATE_KEY) {
		o->kind = memcmp(o->data, "RSA", 3) ? EC : RSA; /* the blob's magic number */
		snprintf(path, sizeof path, "%s\\%02x.always", folder, o->id);
		o->always = GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES;
	}
	s->objects++;
}

static void read_token(struct slot *s, const char *folder)
{
	char pattern[MAX_PATH];
	WIN32_FIND_DATAA d;
	HANDLE h;
	ulong_t size = 0;
	unsigned char *label;
	snprintf(s->folder, sizeof s->folder, "%s", folder);
	snprintf(pattern, sizeof pattern, "%s\\label", folder);
	if ((label = slurp(pattern, &size)))
		memcpy(s->label, label, size < 32 ? size : 32);
	s->initialized = 1;
	snprintf(pattern, sizeof pattern, "%s\\*.*", folder);
	if ((h = FindFirstFileA(pattern, &d)) == INVALID_HANDLE_VALUE)
		return;
	do read_object(s, folder, d.cFileName); while (FindNextFileA(h, &d));
	FindClose(h);
}

static ulong_t C_Initialize(void *args)
{
	char path[MAX_PATH], folder[MAX_PATH] = "."; /* of the process now; getenv has it of the program's start */
	WIN32_FIND_DATAA d;
	HANDLE h;
	if (ready)
		return ALREADY_INIT;
	GetEnvironmentVariableA("SOFT_TOKENS", folder, sizeof folder);
	memset(slots, 0, sizeof slots);
	memset(sessions, 0, sizeof sessions);
	slot_count = 0;
	snprintf(path, sizeof path, "%s\\*", folder);
	if ((h = FindFirstFileA(path, &d)) != INVALID_HANDLE_VALUE) {
		do {
			if (!(d.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) || d.cFileName[0] == '.' || slot_count == SLOTS - 1)
				continue;
			snprintf(path, sizeof path, "%s\\%s", folder, d.cFileName);
			read_token(&slots[slot_count++], path);
		} while (FindNextFileA(h, &d));
		FindClose(h);
	}
	slot_count++; /* like SoftHSM's: one more, blank */
	ready = 1;
	return OK;
}

static ulong_t C_Finalize(void *reserved)
{
	if (!ready)
		return NOT_INIT;
	ready = 0;
	return OK;
}

static ulong_t C_GetSlotList(unsigned char present, ulong_t *list, ulong_t *count)
{
	if (!ready)
		return NOT_INIT;
	if (list && *count < (ulong_t)slot_count)
		return SMALL;
	for (ulong_t i = 0; list && i < (ulong_t)slot_count; i++)
		list[i] = i;
	*count = slot_count;
	return OK;
}

static void pad(char *to, size_t size, const char *text)
{
	memset(to, ' ', size);
	memcpy(to, text, strlen(text) < size ? strlen(text) : size);
}

static ulong_t C_GetSlotInfo(ulong_t slot, struct slot_info *i)
{
	char name[64];
	if (slot >= (ulong_t)slot_count)
		return SLOT_INVALID;
	memset(i, 0, sizeof *i);
	snprintf(name, sizeof name, "Soft TEST reader %lu", slot);
	pad(i->description, 64, name);
	pad(i->manufacturer, 32, "SoftHSM project"); /* which the tests ask for */
	i->flags = gone(slot) ? 2 : 3; /* REMOVABLE_DEVICE, TOKEN_PRESENT */
	return OK;
}

static ulong_t C_GetTokenInfo(ulong_t slot, struct token_info *i)
{
	struct slot *s = &slots[slot];
	if (slot >= (ulong_t)slot_count)
		return SLOT_INVALID;
	if (gone(slot))
		return TOKEN_NOT_PRESENT;
	memset(i, 0, sizeof *i);
	pad(i->label, 32, s->label);
	pad(i->manufacturer, 32, "SoftHSM project");
	pad(i->model, 16, "SoftHSM v2");
	pad(i->serial, 16, "0123456789abcdef");
	i->flags = 4 /* LOGIN_REQUIRED */ | (s->initialized ? 0x408 : 0) | (s->count_low ? 0x10000 : 0);
	i->min_pin = 4;
	i->max_pin = 255;
	return OK;
}

static const ulong_t mechanisms[] = {CKM_RSA, CKM_PSS, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, CKM_ECDSA};

/* hashing says that the token hashes by itself, with SHA-256, 384 or 512 in this order. */
static int hashing(ulong_t m) { return m >= CKM_SHA256_RSA && m <= CKM_SHA512_PSS; }
static int is_pss(ulong_t m) { return m == CKM_PSS || (m >= CKM_SHA256_PSS && m <= CKM_SHA512_PSS); }

static ulong_t C_GetMechanismList(ulong_t slot, ulong_t *list, ulong_t *count)
{
	if (list) memcpy(list, mechanisms, sizeof mechanisms);
	*count = sizeof mechanisms / sizeof *mechanisms;
	return OK;
}

static ulong_t C_GetMechanismInfo(ulong_t slot, ulong_t mechanism, struct mechanism_info *i)
{
	i->min = 256;
	i->max = 4096;
	i->flags = 0x800; /* SIGN */
	return OK;
}

static struct session *session_of(ulong_t handle)
{
	return ready && handle && handle <= SESSIONS && sessions[handle - 1].open ? &sessions[handle - 1] : NULL;
}

static ulong_t C_OpenSession(ulong_t slot, ulong_t flags, void *application, void *notify, ulong_t *session)
{
	if (!ready)
		return NOT_INIT;
	if (slot >= (ulong_t)slot_count)
		return SLOT_INVALID;
	if (gone(slot))
		return TOKEN_NOT_PRESENT;
	for (ulong_t i = 0; i < SESSIONS; i++)
		if (!sessions[i].open) {
			memset(&sessions[i], 0, sizeof sessions[i]);
			sessions[i].open = 1;
			sessions[i].slot = (int)slot;
			*session = i + 1;
			return OK;
		}
	return GENERAL;
}

static ulong_t C_CloseSession(ulong_t session)
{
	struct session *s = session_of(session);
	if (!s)
		return SESSION_INVALID;
	s->open = 0;
	for (int i = 0; i < SESSIONS; i++)
		if (sessions[i].open && sessions[i].slot == s->slot)
			return OK;
	slots[s->slot].logged_in = 0; /* with the last session */
	return OK;
}

static ulong_t C_Login(ulong_t session, ulong_t user, unsigned char *pin, ulong_t length)
{
	struct session *s = session_of(session);
	struct slot *token;
	if (!s)
		return SESSION_INVALID;
	token = &slots[s->slot];
	if (gone(s->slot))
		return DEVICE_REMOVED;
	if (!pin)
		return ARGUMENTS_BAD;
	if (length < 4)
		return PIN_LEN;
	if (user == 1 && token->logged_in)
		return ALREADY_LOGGED_IN;
	if (user == 2 && !s->key)
		return NOT_INITIALIZED_OPERATION;
	if (length != 6 || memcmp(pin, "271828", 6)) {
		token->count_low = 1;
		return PIN_INCORRECT;
	}
	token->count_low = 0;
	token->logged_in = 1;
	s->authorised = user == 2;
	return OK;
}

static ulong_t C_Logout(ulong_t session)
{
	struct session *s = session_of(session);
	if (!s)
		return SESSION_INVALID;
	if (!slots[s->slot].logged_in)
		return NOT_LOGGED_IN;
	slots[s->slot].logged_in = 0;
	return OK;
}

/* value gives an attribute of an object, NULL for one that it does not have. */
static const void *value(struct object *o, ulong_t type, ulong_t *length)
{
	static const unsigned char yes = 1, no = 0;
	static const ulong_t x509 = 0;
	*length = 1;
	switch (type) {
	case 0x001: return &yes;                                   /* CKA_TOKEN */
	case 0x002: return o->class == PRIVATE_KEY ? &yes : &no;   /* CKA_PRIVATE */
	case 0x102: return &o->id;                                 /* CKA_ID */
	}
	if (type == 0x003) {
		*length = o->label_size;
		return o->label;
	}
	*length = sizeof(ulong_t);
	if (type == 0x000)
		return &o->class;
	if (o->class == CERTIFICATE) {
		if (type == 0x080)
			return &x509;
		*length = o->size;
		return type == 0x011 ? o->data : NULL;
	}
	if (type == 0x100)
		return &o->kind;
	*length = 1;
	switch (type) {
	case 0x103: case 0x108: return &yes;                       /* CKA_SENSITIVE, CKA_SIGN */
	case 0x202: return &o->always;                             /* CKA_ALWAYS_AUTHENTICATE */
	}
	return NULL;
}

static int matches(struct object *o, struct attribute *a, ulong_t count)
{
	for (ulong_t i = 0; i < count; i++) {
		ulong_t length;
		const void *v = value(o, a[i].type, &length);
		if (!v || length != a[i].length || memcmp(v, a[i].value, length))
			return 0;
	}
	return 1;
}

static ulong_t C_FindObjectsInit(ulong_t session, struct attribute *a, ulong_t count)
{
	struct session *s = session_of(session);
	struct slot *token;
	if (!s)
		return SESSION_INVALID;
	token = &slots[s->slot];
	s->found_count = s->found_next = 0;
	for (int i = 0; i < token->objects; i++)
		if ((token->object[i].class == CERTIFICATE || token->logged_in) && matches(&token->object[i], a, count))
			s->found[s->found_count++] = i + 1;
	return OK;
}

static ulong_t C_FindObjects(ulong_t session, ulong_t *list, ulong_t max, ulong_t *count)
{
	struct session *s = session_of(session);
	if (!s)
		return SESSION_INVALID;
	for (*count = 0; *count < max && s->found_next < s->found_count; )
		list[(*count)++] = s->found[s->found_next++];
	return OK;
}

static ulong_t C_FindObjectsFinal(ulong_t session) { return session_of(session) ? OK : SESSION_INVALID; }

static struct object *object_of(struct session *s, ulong_t handle)
{
	struct slot *token = &slots[s->slot];
	struct object *o = handle && handle <= (ulong_t)token->objects ? &token->object[handle - 1] : NULL;
	return o && (o->class == CERTIFICATE || token->logged_in) ? o : NULL;
}

static ulong_t C_GetAttributeValue(ulong_t session, ulong_t handle, struct attribute *a, ulong_t count)
{
	struct session *s = session_of(session);
	struct object *o = s ? object_of(s, handle) : NULL;
	ulong_t rv = OK;
	if (!s)
		return SESSION_INVALID;
	if (!o)
		return HANDLE_INVALID;
	for (; count--; a++) {
		ulong_t length;
		const void *v = value(o, a->type, &length);
		if (!v) {
			a->length = ~0UL;
			rv = TYPE_INVALID;
		} else if (a->value && a->length < length) {
			a->length = ~0UL;
			rv = SMALL;
		} else {
			if (a->value) memcpy(a->value, v, length);
			a->length = length;
		}
	}
	return rv;
}

static ulong_t C_SignInit(ulong_t session, struct mechanism *m, ulong_t handle)
{
	struct session *s = session_of(session);
	struct object *o = s ? object_of(s, handle) : NULL;
	if (!s)
		return SESSION_INVALID;
	if (!o || o->class != PRIVATE_KEY)
		return HANDLE_INVALID;
	if (m->type != CKM_RSA && m->type != CKM_PSS && m->type != CKM_ECDSA && !hashing(m->type))
		return MECHANISM_INVALID;
	if ((m->type == CKM_ECDSA) != (o->kind == EC))
		return KEY_TYPE;
	if (is_pss(m->type)) {
		if (m->length != sizeof s->pss)
			return ARGUMENTS_BAD;
		memcpy(&s->pss, m->parameter, sizeof s->pss);
	}
	s->key = o;
	s->mechanism = m->type;
	s->authorised = 0;
	return OK;
}

/* hash_of names the hash of a digest by its length. */
static const wchar_t *hash_of(ulong_t length)
{
	return length == 32 ? BCRYPT_SHA256_ALGORITHM : length == 48 ? BCRYPT_SHA384_ALGORITHM : length == 64 ? BCRYPT_SHA512_ALGORITHM : NULL;
}

/* sign lets CNG sign. For CKM_RSA_PKCS, data is a DigestInfo, whose digest comes last and has its length before it. */
static ulong_t sign(struct session *s, unsigned char *data, ulong_t n, unsigned char *signature, ulong_t *length)
{
	BCRYPT_PKCS1_PADDING_INFO pkcs1 = {0};
	BCRYPT_PSS_PADDING_INFO pss = {0};
	void *padding = NULL;
	ulong_t flags = 0, room = *length;
	BCRYPT_ALG_HANDLE algorithm;
	BCRYPT_KEY_HANDLE key;
	NTSTATUS status;
	int ec = s->key->kind == EC;
	unsigned char digest[64];
	if (hashing(s->mechanism)) {
		ulong_t size = 32 + 16 * ((s->mechanism - CKM_SHA256_RSA) % 3);
		if (BCryptOpenAlgorithmProvider(&algorithm, hash_of(size), NULL, 0))
			return GENERAL;
		status = BCryptHash(algorithm, NULL, 0, data, n, digest, size);
		BCryptCloseAlgorithmProvider(algorithm, 0);
		if (status)
			return GENERAL;
		data = digest;
		n = size;
	} else if (s->mechanism == CKM_RSA) {
		ulong_t head = 19;
		if (n <= head || data[head - 1] != n - head)
			return DATA_LEN;
		data += head;
		n -= head;
	}
	if (!ec && !is_pss(s->mechanism)) {
		pkcs1.pszAlgId = hash_of(n);
		padding = &pkcs1;
		flags = BCRYPT_PAD_PKCS1;
	} else if (!ec) {
		pss.pszAlgId = hash_of(n);
		pss.cbSalt = s->pss.salt;
		padding = &pss;
		flags = BCRYPT_PAD_PSS;
	}
	if (!hash_of(n))
		return DATA_LEN;
	if (BCryptOpenAlgorithmProvider(&algorithm, ec ? BCRYPT_ECDSA_P256_ALGORITHM : BCRYPT_RSA_ALGORITHM, NULL, 0))
		return GENERAL;
	status = BCryptImportKeyPair(algorithm, NULL, ec ? BCRYPT_ECCPRIVATE_BLOB : BCRYPT_RSAPRIVATE_BLOB, &key, s->key->data, s->key->size, 0);
	if (!status) {
		status = BCryptSignHash(key, padding, data, n, signature, room, length, flags);
		BCryptDestroyKey(key);
	}
	BCryptCloseAlgorithmProvider(algorithm, 0);
	if (status)
		fprintf(stderr, "soft.dll: CNG answers %lx\n", (ulong_t)status);
	return status ? GENERAL : OK;
}

static ulong_t C_Sign(ulong_t session, unsigned char *data, ulong_t n, unsigned char *signature, ulong_t *length)
{
	struct session *s = session_of(session);
	ulong_t rv;
	if (!s)
		return SESSION_INVALID;
	if (!s->key)
		return NOT_INITIALIZED_OPERATION;
	if (gone(s->slot))
		rv = DEVICE_REMOVED;
	else if (!slots[s->slot].logged_in || (s->key->always && !s->authorised))
		rv = NOT_LOGGED_IN;
	else
		rv = sign(s, data, n, signature, length);
	s->key = NULL;
	s->authorised = 0;
	return rv;
}

static ulong_t unsupported(void) { return NOT_SUPPORTED; }

__declspec(dllexport) ulong_t C_GetFunctionList(struct function_list **list)
{
	static struct function_list l = {{2, 40}};
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
