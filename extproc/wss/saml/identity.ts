/** What a subject proved in order to be taken for the one that an assertion is about (SAML token profile 1.1 §3.5). */
export type Confirmation = 'Bearer' | 'HolderOfKey' | 'SenderVouches';

/** Who a verified assertion says that the sender is. Plain data. */
export interface SamlIdentity {
  /** Text of the NameID (2.0) or NameIdentifier (1.1). */
  readonly subject: string;
  /** Its Format, when it has one. */
  readonly nameFormat?: string;
  readonly issuer: string;
  /** The values of each attribute by its Name (2.0) or AttributeName (1.1), in the order of the assertion. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  readonly confirmation: Confirmation;
}
