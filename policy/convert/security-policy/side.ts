/** `client`: the gateway calls the service of the WSDL. `service`: the gateway protects it. */
export type Side = 'client' | 'service';

/** Of a message: `input` is what the service gets. */
export type Direction = 'input' | 'output';
