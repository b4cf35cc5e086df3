/** TLS of the bundle service, with certificates that change while it serves. */

import { ServerCredentials } from '@grpc/grpc-js';
import { secureContextOptions, type TlsMaterial } from '../../proto/roles.ts';

/** Milliseconds that a peer has for the handshake. */
const HANDSHAKE_TIMEOUT = 10_000;

/** Without certificates every connection is closed at once. */
export class RenewableServerCredentials extends ServerCredentials {
  /** @throws TlsMaterialError */
  constructor(material: TlsMaterial | undefined) {
    super(
      { requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3', handshakeTimeout: HANDSHAKE_TIMEOUT },
      material && secureContextOptions(material),
    );
  }

  /** For connections from now on. @throws TlsMaterialError, and keeps what it has */
  renew(material: TlsMaterial): void {
    this.updateSecureContextOptions(secureContextOptions(material));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
