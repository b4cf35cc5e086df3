/** What a policy demands of the addressing headers of a message. */

import {
  ActionMismatchError,
  AddressingInvalidError,
  MessageIdMissingError,
  RelatesToMismatchError,
  ReplyToNotAllowedError,
} from '../errors.ts';
import type { VerifyAddressingSettings } from '../settings.ts';
import type { Addressing } from './read.ts';
import { HARMLESS_ADDRESSES, REPLY } from './versions.ts';

/** What else is known of the message. */
export interface AddressingFacts {
  /** SOAP actions that its HTTP message names, without quotes; empty ones say nothing. */
  readonly soapActions: readonly string[];
  /** MessageID of the request as it left, if it had one. */
  readonly sentMessageId?: string;
  readonly isResponse: boolean;
}

/**
 * Checks the addressing headers of a message.
 *
 * An Action is what the backend acts on, and the SOAP action what was decided on before: they must not differ
 * (WS-Addressing 1.0 SOAP Binding §4.2). A ReplyTo or FaultTo makes the backend send messages to whatever it says.
 *
 * @throws {MessageIdMissingError}, {ActionMismatchError}, {RelatesToMismatchError}, {ReplyToNotAllowedError},
 *   {AddressingInvalidError}
 */
export function checkAddressing(
  addressing: Addressing,
  settings: VerifyAddressingSettings,
  facts: AddressingFacts,
): void {
  if (settings.messageId === 'Required' && addressing.messageId === undefined) {
    throw new MessageIdMissingError('the message has no MessageID');
  }
  if (settings.action === 'MatchSOAPAction') checkAction(addressing, facts.soapActions);
  if (facts.isResponse) checkRelatesTo(addressing, settings, facts.sentMessageId);
  checkEndpoint('ReplyTo', addressing, addressing.replyTo, settings);
  checkEndpoint('FaultTo', addressing, addressing.faultTo, settings);
}

function checkAction({ action }: Addressing, soapActions: readonly string[]): void {
  if (action === undefined) throw new ActionMismatchError('the message has no Action');
  if (soapActions.some((soapAction) => soapAction !== '' && soapAction !== action)) {
    throw new ActionMismatchError('Action is not the SOAP action of the HTTP message');
  }
}

function checkRelatesTo(
  { version, relatesTo }: Addressing,
  settings: VerifyAddressingSettings,
  sentMessageId: string | undefined,
): void {
  const replies = relatesTo.filter(({ type }) => version !== undefined && type === REPLY[version]);
  if (replies.length > 1) throw new AddressingInvalidError('the message is a reply to more than one other');
  if (sentMessageId === undefined) return;
  if (replies.length === 0 && settings.relatesTo === 'IfPresent') return;
  if (replies.length === 0) throw new RelatesToMismatchError('the answer does not say which request it answers');
  if (replies[0].messageId !== sentMessageId) throw new RelatesToMismatchError('the answer is that to another request');
}

function checkEndpoint(
  name: string,
  { version }: Addressing,
  address: string | undefined,
  { allowedReplyTo }: VerifyAddressingSettings,
): void {
  if (address === undefined || version === undefined) return;
  if (HARMLESS_ADDRESSES[version].includes(address) || allowedReplyTo.includes(address)) return;
  throw new ReplyToNotAllowedError(`the policy does not allow the address of ${name}`);
}
