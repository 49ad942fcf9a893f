/** What every call of the SDK may be given: a way to give it up, and how long to wait. */
import { agentError, extensionError } from "../bridge/error.ts";
import type { OdnowaError } from "../bridge/error.ts";

export interface CallOptions {
  /** Gives the call up: it fails with the agent's `request_cancelled`, and its window closes. */
  signal?: AbortSignal | undefined;
  /** Fails the call with `agent_silent` after this time; without it each call has a limit of its own. */
  timeoutMs?: number | undefined;
}

/** The work's outcome, unless it is given up or takes too long first; `stop` is called then. */
export function limited<T>(work: () => Promise<T>, { signal, timeoutMs }: CallOptions = {}, stop?: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = (up: OdnowaError) => {
      done();
      stop?.();
      reject(up);
    };
    const aborted = () => give(agentError("request_cancelled"));
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => give(extensionError("agent_silent")), timeoutMs);
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
    };
    if (signal?.aborted) {
      aborted();
      return;
    }
    signal?.addEventListener("abort", aborted);
    work().then(resolve, reject).finally(done);
  });
}
