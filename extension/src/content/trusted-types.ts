/**
 * First of all that the content script loads: lit-html makes a policy as soon as it is there, which ends the whole script
 * on a page whose CSP forbids it (`trusted-types 'none'`). The page's rule is not for this world, where everything
 * that is drawn comes from templates of our own; without the API lit-html makes no policy.
 */
Reflect.defineProperty(globalThis, "trustedTypes", { value: undefined });
