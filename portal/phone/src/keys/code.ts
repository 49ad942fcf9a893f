// The six digits that the person compares, or types: the same computations as statement.Code and
// ComputerCode in the SAM.

import { concat, sha256, utf8, type Bytes } from "../bytes";

export interface CodeParts {
  deviceKey: Bytes;
  pinKey: Bytes;
  backupKey: Bytes;
  /** the one in the HSM */
  key: Bytes;
  nonce: Bytes;
}

export async function enrolmentCode(p: CodeParts): Promise<string> {
  return codeOf("odnowa-enrolment-v1", [p.deviceKey, p.pinKey, p.backupKey, p.key, p.nonce]);
}

/** The code of a computer's registration: it shows the same. */
export async function computerCode(key: Bytes, samKey: Bytes, nonce: Bytes): Promise<string> {
  return codeOf("odnowa-computer-v1", [key, samKey, nonce]);
}

async function codeOf(kind: string, parts: Bytes[]): Promise<string> {
  const hash = await sha256(concat(utf8(kind), ...parts.flatMap((b) => [uint32(b.length), b])));
  return String(new DataView(hash.buffer).getBigUint64(0) % 1_000_000n).padStart(6, "0");
}

function uint32(n: number): Bytes {
  const b = new Uint8Array(4);
  new DataView(b.buffer).setUint32(0, n);
  return b;
}
