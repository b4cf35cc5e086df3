/** WS-Addressing that a policy demands -> `addressing` and `verify.addressing`. */

import { phaseOf, type Context } from './context.ts';
import type { Direction } from './side.ts';
import type { Section } from './to-secure.ts';

/** Header blocks that a message gets. */
export function writtenAddressing(context: Context, direction: Direction): Section | undefined {
  const { addressing } = context.requirements;
  if (addressing === undefined) return undefined;
  const { version, name, place, elsewhere } = addressing;
  if (elsewhere !== undefined) {
    context.findings.error(
      'NotExpressible',
      elsewhere.name,
      elsewhere.place,
      'answers go where the request came from; ask the partner for anonymous answers',
    );
  }
  const common = { ...(version !== '1.0' && { version }) };
  if (direction === 'input') return { ...common, action: 'Default', to: 'Default', messageId: 'Default' };
  const actions = new Set(context.endpoint.operations.map(({ answerAction }) => answerAction?.[version]));
  const [action] = actions;
  if (actions.size !== 1 || action === undefined) {
    context.findings.error(
      'NotExpressible',
      name,
      place,
      'the Action of answers differs by operation or is not in the WSDL; write it under addressing, or convert each operation by itself (--operation)',
      ['spec', phaseOf(direction), 'addressing'],
    );
  }
  return {
    ...common,
    ...(actions.size === 1 && action !== undefined && { action }),
    messageId: 'Default',
    relatesTo: 'Default',
  };
}

/** Header blocks that a message must have. */
export function demandedAddressing({ requirements }: Context): Section | undefined {
  return requirements.addressing && {};
}
