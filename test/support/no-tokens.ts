/** Services of an exchange whose policy asks no token service. */

import type { ExchangeServices } from '../../extproc/pipeline/exchange.ts';
import { TokenWaits } from '../../extproc/pipeline/token-waits.ts';

const unexpected = (): never => {
  throw new Error('the policy of this test asks no token service');
};

export const NO_TOKENS: Pick<ExchangeServices, 'tokens' | 'waits' | 'resender'> = {
  tokens: { obtain: unexpected, backendRefused: unexpected },
  resender: { request: unexpected },
  waits: new TokenWaits({ maxMessages: 1, maxBytes: 1 }),
};
