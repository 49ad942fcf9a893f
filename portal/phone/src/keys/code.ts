// The six digits that the person compares: the same computation as statement.Code in the SAM.

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
  const parts = [p.deviceKey, p.pinKey, p.backupKey, p.key, p.nonce].flatMap((b) => [uint32(b.length), b]);
  const hash = await sha256(concat(utf8("odnowa-enrolment-v1"), ...parts));
  return String(new DataView(hash.buffer).getBigUint64(0) % 1_000_000n).padStart(6, "0");
}

function uint32(n: number): Bytes {
  const b = new Uint8Array(4);
  new DataView(b.buffer).setUint32(0, n);
  return b;
}
