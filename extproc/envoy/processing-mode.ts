/** Whether Envoy shows us what a policy has to see, and waits for what we say of it. */

import { ProcessingModeError } from '../pipeline/errors.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { BODY_MODE_BUFFERED, type ProcessingRequest } from './messages.ts';

/**
 * A mode in which a body, or a part of one, could go on without us is a mistake in Envoy's configuration.
 *
 * @throws ProcessingModeError
 */
export function checkProcessingMode(
  { protocolConfig, observabilityMode }: ProcessingRequest,
  exchange: Exchange,
): void {
  if (observabilityMode) throw new ProcessingModeError('observability_mode: Envoy would not wait for a verdict');
  if (exchange.needsBody('request') && protocolConfig?.requestBodyMode !== BODY_MODE_BUFFERED) {
    throw new ProcessingModeError('the policy needs request_body_mode: BUFFERED');
  }
  if (exchange.needsBody('response') && protocolConfig?.responseBodyMode !== BODY_MODE_BUFFERED) {
    throw new ProcessingModeError('the policy needs response_body_mode: BUFFERED');
  }
}
