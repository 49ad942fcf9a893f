export function publicKey(pem: string): Buffer;
export function crx(zip: Buffer, pem: string): Buffer;
