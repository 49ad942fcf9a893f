/** Whether a version such as "1.10.2" is at least another. What is missing or no number counts as 0. */
export function isAtLeast(version: string, minimum: string): boolean {
  const parts = (text: string) => text.split(/[.+-]/).map((part) => Number(part) || 0);
  const [own, other] = [parts(version), parts(minimum)];
  for (const [index, wanted] of other.entries()) {
    const difference = (own[index] ?? 0) - wanted;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
