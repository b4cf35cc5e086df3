import type { Addressing } from '../../crds/types.ts';
import { ADDRESSING_DEFAULT, type AddressingSettings } from '../wss/settings.ts';

type Texts = Omit<Addressing, 'version' | 'mustUnderstand'>;
const WITH_DEFAULT: ReadonlySet<string> = new Set<keyof Texts>(['action', 'to', 'messageId', 'relatesTo']);

/** `addressing` of a policy or of a token service -> AddressingSettings. */
export function compileAddressing({ version, mustUnderstand, ...texts }: Addressing): AddressingSettings {
  const marked = Object.entries(texts).map(([field, text]) => [
    field,
    text === 'Default' && WITH_DEFAULT.has(field) ? ADDRESSING_DEFAULT : text,
  ]);
  return { version, mustUnderstand, ...(Object.fromEntries(marked) as Partial<AddressingSettings>) };
}
