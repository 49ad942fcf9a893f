import { closedMessage } from "../bridge/closed.ts";
import { agentError, closedCode } from "../bridge/error.ts";
import { sameCode } from "../bridge/pairing.ts";
import type { PairingNews } from "../bridge/pairing.ts";
import type { Bytes } from "./bytes.ts";
import { toBase64 } from "./bytes.ts";
import { messageTimeoutMs } from "./conversation.ts";
import type { Conversation } from "./conversation.ts";
import { key, paired } from "./handshake.ts";
import { agreeSecret, commitment, newKey, newNonce, pairingCode } from "./pairing.ts";
import type { Exchange } from "./pairing.ts";
import type { PagePort } from "./relay.ts";
import { challenged, prove } from "./service.ts";
import type { Service } from "./service.ts";

/**
 * Pairs this browser with the agent's service, and tells the port how far it is. The pairing is kept
 * only after the person said yes on both sides: in the agent's window, so that the service knows this browser,
 * and here, so that this browser knows the service and not somebody who sits on its port.
 * `extension` is the extension's id where the origin does not tell it (Firefox).
 */
export function pair(page: PagePort, service: Service, extension: string | undefined): void {
  const conversation = service.connect();
  let isGone = false;
  page.onDisconnect.addListener(() => {
    isGone = true;
    conversation.close();
  });
  const same = new Promise<void>((resolve) => {
    page.onMessage.addListener((message) => {
      if (isSameCode(message)) resolve();
    });
  });
  const tell = (news: PairingNews) => page.postMessage(news);
  negotiate(service, conversation, extension, same, tell).then(
    () => {
      conversation.close();
      page.disconnect();
    },
    (thrown: unknown) => {
      conversation.close();
      if (isGone) return;
      page.postMessage(closedMessage(closedCode(thrown)));
      page.disconnect();
    },
  );
}

async function negotiate(
  service: Service,
  conversation: Conversation,
  extension: string | undefined,
  same: Promise<void>,
  tell: (news: PairingNews) => void,
): Promise<void> {
  const nonce = await challenged(conversation, (await service.pairings.read()) !== undefined);
  const secret = await agree(service.origin, conversation, extension, tell);
  // The agent's window waits for its person for minutes; how long, the service decides.
  const { pairing: id } = await conversation.receive("paired", paired);
  const pairing = { id, secret };
  await prove(service, conversation, pairing, nonce);
  tell({ type: "agreed" });
  await same;
  await service.pairings.write(pairing);
  tell({ type: "paired" });
}

/** The key agreement up to the code. The own nonce is committed to before the service's is seen. */
async function agree(
  origin: string,
  conversation: Conversation,
  extension: string | undefined,
  tell: (news: PairingNews) => void,
): Promise<Bytes> {
  const [own, clientNonce] = [await newKey(), newNonce()];
  conversation.send({
    type: "pair",
    key: toBase64(own.public),
    commitment: toBase64(await commitment(own.public, clientNonce)),
    ...(extension !== undefined && { extension }),
  });
  const answer = await conversation.receive("key", key, messageTimeoutMs);
  const exchange: Exchange = {
    origin, clientKey: own.public, serverKey: answer.key, clientNonce, serverNonce: answer.nonce,
  };
  const secret = await agreeSecret(exchange, own.secret, answer.key).catch(() => {
    throw agentError("pairing_refused"); // no key that an honest service has
  });
  const code = await pairingCode(exchange);
  conversation.send({ type: "reveal", nonce: toBase64(clientNonce) });
  tell({ type: "code", code });
  return secret;
}

function isSameCode(message: unknown): boolean {
  try {
    sameCode(message);
    return true;
  } catch {
    return false;
  }
}
