// Which PINs are refused: those that people guess first. With three tries, a thief who has the
// phone gets in as often as his three best guesses are right.

export const pinLength = 6;

export type PINFault = "pin_form" | "pin_trivial";

/** Patterns on the keypad and favourites that the rules below don't catch. */
const favourites = new Set(["147258", "258369", "147369", "159753", "753951", "951753", "357159", "142536", "321654", "456123", "789456", "123321", "314159", "271828", "420420", "112358"]);

export function pinFault(pin: string): PINFault | undefined {
  if (!/^[0-9]{6}$/.test(pin)) return "pin_form";
  const digits = Array.from(pin, Number);
  const steps = digits.slice(1).map((d, i) => (d - (digits[i] ?? 0) + 10) % 10);
  const regular = steps.every((s) => s === steps[0]); // 000000, 123456, 987654, 890123, 024680
  const repeated = pin.slice(0, 3) === pin.slice(3) || /^(..)\1\1$/.test(pin); // 123123, 121212
  const pairs = /^(.)\1(.)\2(.)\3$/.test(pin); // 112233
  const halves = /^(.)\1\1(.)\2\2$/.test(pin); // 111222
  const poor = new Set(digits).size < 3; // 100000, 112211
  return regular || repeated || pairs || halves || poor || favourites.has(pin) ? "pin_trivial" : undefined;
}
