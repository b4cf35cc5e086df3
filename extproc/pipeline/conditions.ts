/** `when` of a policy as a predicate over what is known of a request. */

/** The HTTP side of a request, as the gateway saw it. */
export interface MessageMeta {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly host: string;
  /** By lower-case name, in the order they came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Address of the client, without a port. */
  readonly sourceIp?: string;
}
