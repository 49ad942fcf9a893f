/**
 * How one half of the extension tells the next why a channel ends: a last notification before it
 * closes, as ports carry no reason.
 */
import { agentCodes, extensionCodes } from "./codes.ts";
import type { ClosedCode } from "./codes.ts";
import { object, oneOfOr } from "./parse.ts";
import { incoming } from "./rpc.ts";
import type { Notification } from "./rpc.ts";

const method = "extension.closed";
const reason = object<{ code: ClosedCode }>({ code: oneOfOr([...extensionCodes, ...agentCodes], "agent_unreachable") });

export function closedMessage(code: ClosedCode): Notification {
  return { jsonrpc: "2.0", method, params: { code } };
}

/** The reason when the message says that the channel ends, undefined for any other message. */
export function closedReason(message: unknown): ClosedCode | undefined {
  try {
    const read = incoming(message);
    if (read.kind !== "notification" || read.notification.method !== method) return undefined;
    return reason(read.notification.params).code;
  } catch {
    return undefined;
  }
}
