import { expect, test } from "vitest";
import { base64, fromBase64, random } from "../src/bytes";
import { openBackup, readBackupFile, sealBackup } from "../src/keys/backup";
import { newBackupKey, newDeviceKey } from "../src/keys/device";
import { derivePINKey } from "../src/keys/pin";
import { pinFault } from "../src/keys/pinrules";
import { groups, newRecoverySecret, normalize, readRecoveryCode, writeRecoveryCode } from "../src/keys/recovery";
import { readLink } from "../src/link";
import { en } from "../src/text/en";
import { pl } from "../src/text/pl";

test("base64 is that of Go, whole bytes", () => {
  expect(base64(new Uint8Array([0xfb, 0xff, 0]))).toBe("+/8A");
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(fromBase64(base64(all))).toEqual(all);
});

test("the device key can't be taken out", async () => {
  const device = await newDeviceKey();
  await expect(crypto.subtle.exportKey("pkcs8", device.privateKey)).rejects.toThrow();
  expect((await newBackupKey()).privateKey.extractable).toBe(true);
});

test("another PIN or another phone has another key", async () => {
  const secret = random(32);
  const key = base64((await derivePINKey("835172", secret)).public);
  expect(base64((await derivePINKey("835173", secret)).public)).not.toBe(key);
  expect(base64((await derivePINKey("835172", random(32))).public)).not.toBe(key);
});

test("recovery code: fixed forms", async () => {
  // 128 zero bits, and the first 12 bits of SHA-256 over them (0x374).
  expect(await writeRecoveryCode(new Uint8Array(16))).toBe("0000 0000 0000 0000 0000 0000 00VM");
  expect(await writeRecoveryCode(new Uint8Array(16).fill(255))).toMatch(/^ZZZZ ZZZZ ZZZZ ZZZZ ZZZZ ZZZZ Z[0-9A-Z]{3}$/);
});

test("recovery code survives how people type", async () => {
  for (let i = 0; i < 50; i++) {
    const secret = newRecoverySecret();
    const code = await writeRecoveryCode(secret);
    expect(groups(code)).toHaveLength(7);
    for (const typed of [code, code.toLowerCase(), code.replaceAll(" ", "-"), ` ${code.replaceAll(" ", "")} `, code.replaceAll("0", "o").replaceAll("1", "l")]) {
      expect(await readRecoveryCode(typed)).toEqual(secret);
    }
  }
  expect(normalize("oO iI lL-")).toBe("001111");
});

test("recovery code shows typing errors", async () => {
  const code = normalize(await writeRecoveryCode(new Uint8Array(16).fill(0x5a)));
  let missed = 0;
  for (let i = 0; i < code.length; i++) {
    const other = code[i] === "7" ? "8" : "7";
    if (await readRecoveryCode(code.slice(0, i) + other + code.slice(i + 1))) missed++;
  }
  expect(missed).toBe(0);
  for (const bad of ["", code.slice(1), `${code}0`, code.replace(/^./, "U"), code.replace(/^./, "ż")]) {
    expect(await readRecoveryCode(bad)).toBeUndefined();
  }
});

test("backup opens with its code only", async () => {
  const recovery = newRecoverySecret();
  const backup = { secret: random(32), backupKey: random(138) };
  const file = await sealBackup(backup, recovery, "e-1");
  expect(await openBackup(file, recovery)).toEqual(backup);
  await expect(openBackup(file, newRecoverySecret())).rejects.toThrow();
  await expect(openBackup({ ...file, enrolment: "e-2" }, recovery)).rejects.toThrow();
  await expect(openBackup({ ...file, data: base64(random(100)) }, recovery)).rejects.toThrow();
  const text = JSON.stringify(file);
  expect(text).not.toContain(base64(backup.secret));
  expect((await sealBackup(backup, recovery, "e-1")).data).not.toBe(file.data);
});

test.each(["123456", "654321", "000000", "999999", "890123", "024680", "121212", "123123", "112233", "111222", "100000", "112211", "147258", "159753"])("PIN %s is trivial", (pin) => {
  expect(pinFault(pin)).toBe("pin_trivial");
});

test.each(["", "12345", "1234567", "12345a", "१२३४५६", " 83517", "83517\n"])("%j is no PIN", (pin) => {
  expect(pinFault(pin)).toBe("pin_form");
});

test.each(["835172", "902846", "473920"])("PIN %s is taken", (pin) => {
  expect(pinFault(pin)).toBeUndefined();
});

test("few PINs are refused", () => {
  let refused = 0;
  for (let n = 0; n < 1_000_000; n++) if (pinFault(String(n).padStart(6, "0"))) refused++;
  expect(refused).toBeGreaterThan(1000);
  expect(refused).toBeLessThan(10_000);
});

test("links", () => {
  const origin = "http://rsign.localhost:8701";
  const token = "AbCdEfGhIjKlMnOpQrSt-_";
  expect(readLink(` ${origin}/#${token}\n`, origin)).toEqual({ token });
  for (const other of [`https://rsign.localhost:8701/#${token}`, `http://rsign.localhost.evil.example/#${token}`, `http://rsign.localhost:8701@evil.example/#${token}`, `${origin}/x#${token}`]) {
    expect(readLink(other, origin)).toEqual({ fault: "link_site" });
  }
  for (const nothing of ["", "hello", origin, `${origin}/#${token}0`, `${origin}/?t=${token}`, "javascript:alert(1)"]) {
    expect(readLink(nothing, origin)).toEqual({ fault: "link_other" });
  }
});

test("both languages say something for each fault", () => {
  for (const t of [pl, en]) {
    for (const hint of Object.values(t.faults)) {
      expect(hint).toHaveLength(2);
      for (const sentence of hint) expect(sentence).toMatch(/[.”]$/);
    }
  }
  expect(Object.keys(pl.faults)).toEqual(Object.keys(en.faults));
  expect([pl.triesLeft(1), pl.triesLeft(2), en.triesLeft(1)]).toEqual(["Została 1 próba.", "Zostały 2 próby.", "1 try is left."]);
});

test("a backup file is read strictly", async () => {
  const secret = newRecoverySecret();
  const file = await sealBackup({ secret: random(32), backupKey: random(138) }, secret, "enrolment-1");
  const read = readBackupFile(JSON.stringify(file));
  expect(read).toEqual(file);
  for (const bad of ["", "null", "[]", "{", "{}", JSON.stringify({ ...file, kind: "other" }), JSON.stringify({ ...file, version: 2 }),
    JSON.stringify({ ...file, data: 7 }), JSON.stringify({ ...file, enrolment: "../x" }), JSON.stringify({ ...file, salt: "A".repeat(5000) })]) {
    expect(readBackupFile(bad)).toBeUndefined();
  }
  if (!read) throw new Error("not read");
  await expect(openBackup({ ...read, enrolment: "enrolment-2" }, secret)).rejects.toThrow(); // in another one's name
  await expect(openBackup(read, newRecoverySecret())).rejects.toThrow();
});
