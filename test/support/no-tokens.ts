/** Services of an exchange whose policy asks no token service. */

import type { ExchangeServices } from '../../extproc/pipeline/exchange.ts';
import { TokenWaits } from '../../extproc/pipeline/token-waits.ts';

const unexpected = (): never => {
  throw new Error('the policy of this test needs no token');
};

export const NO_TOKENS: Pick<ExchangeServices, 'tokens' | 'assertions' | 'waits' | 'resender'> = {
  tokens: { obtain: unexpected, backendRefused: unexpected },
  assertions: { obtain: unexpected },
  resender: { request: unexpected },
  waits: new TokenWaits({ maxMessages: 1, maxBytes: 1 }),
};
