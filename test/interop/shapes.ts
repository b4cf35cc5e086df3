/** Messages of many shapes: what a scanner, a canonicalizer or an editor of bytes may get wrong. */

import { SOAP11, SOAP12 } from '../../extproc/wss/namespaces.ts';
import type { SoapVersion } from '../../extproc/wss/soap.ts';

export const SHOP = 'urn:example:shop';
export const WSA = 'http://www.w3.org/2005/08/addressing';

/** Every shape holds header blocks `{SHOP}Session`, `{WSA}Action` and `{WSA}To`, and a `{SHOP}Card` in the Body. */
export type Shape = keyof typeof shapes;

const addressing =
  `<wsa:Action xmlns:wsa="${WSA}">urn:example:shop:Order</wsa:Action>` +
  `<wsa:To xmlns:wsa="${WSA}">https://backend.example/orders?a=1&amp;b=2</wsa:To>`;

const shapes = {
  plain: (soap: string) =>
    `<soap:Envelope xmlns:soap="${soap}" xmlns:shop="${SHOP}"><soap:Header>${addressing}` +
    '<shop:Session>4711</shop:Session></soap:Header><soap:Body><shop:Order number="1"><shop:Item>Bolt</shop:Item>' +
    '<shop:Card>4111 1111 1111 1111</shop:Card></shop:Order></soap:Body></soap:Envelope>',

  'default namespaces': (soap: string) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<Envelope xmlns="${soap}">\n  <Header>\n    ${addressing}\n` +
    `    <Session xmlns="${SHOP}">4711</Session>\n  </Header>\n  <Body>\n    <Order xmlns="${SHOP}">\n` +
    '      <Item xmlns="">no namespace<Part/></Item>\n      <Card number="4111"/>\n    </Order>\n  </Body>\n</Envelope>\n',

  'rebound prefixes': (soap: string) =>
    `<a:Envelope xmlns:a="${soap}" xmlns:unused="urn:unused" xmlns:b="urn:outer"><a:Header>${addressing}` +
    `<b:Session xmlns:b="${SHOP}" b:kind="x" kind="y">1</b:Session></a:Header><a:Body xmlns:c="urn:body">` +
    `<b:Order><a:Order xmlns:a="urn:inner" xmlns:b="${SHOP}" a:z="1" b:y="2" x="3"><b:Card xmlns:b="${SHOP}" c:id="9">` +
    '<b:Name xmlns:b="urn:third">N</b:Name></b:Card></a:Order></b:Order></a:Body></a:Envelope>',

  'comments, CDATA and instructions': (soap: string) =>
    `<!-- before --><?go now?><soap:Envelope xmlns:soap="${soap}" xmlns:s="${SHOP}"><soap:Header><!-- in the header -->` +
    `${addressing}<s:Session>a<!-- c -->b</s:Session></soap:Header><soap:Body><!-- first --><s:Order><![CDATA[<not> & markup]]>` +
    '<?target data ?><s:Card>41<![CDATA[11]]>&#x20;&lt;x&gt;<!-- c --></s:Card></s:Order></soap:Body></soap:Envelope><!-- after -->',

  'line ends and white space': (soap: string) =>
    `<soap:Envelope\r\n\txmlns:soap = '${soap}'\r\n  xmlns:s='${SHOP}'  >\r\n<soap:Header>\r\n${addressing}\r\n` +
    '<s:Session\r\n note=\'a\r\nb\tc&#13;&#10;d&#9;e "q"\' >1\r\n2\r3&#13;</s:Session>\r\n</soap:Header>\r\n' +
    '<soap:Body >\r\n<s:Order><s:Card >\r\n 4111\r\n</s:Card\r\n></s:Order>\r\n</soap:Body>\r\n</soap:Envelope>\r\n',

  'text beyond ASCII': (soap: string) =>
    `<soap:Envelope xmlns:soap="${soap}" xmlns:s="${SHOP}" xml:lang="de"><soap:Header>${addressing}` +
    '<s:Session besitzer="Jürgen &#x1F680; 🚀 &quot;&lt;&gt;&amp;&apos;">Zoë – 漢字 – &#128512;😀</s:Session></soap:Header>' +
    '<soap:Body xml:lang="fr" xml:space="preserve">  <s:Größe einheit="µm">Ω &gt; 1 &amp; "q" \'a\'</s:Größe>' +
    '<s:Card xml:lang="en">４１１１</s:Card>  </soap:Body></soap:Envelope>',

  'empty elements': (soap: string) =>
    `<soap:Envelope xmlns:soap="${soap}" xmlns:s="${SHOP}"><soap:Header>${addressing}<s:Session/></soap:Header>` +
    '<soap:Body><s:Order/><s:Card/><s:Card></s:Card><s:Card a="" /></soap:Body></soap:Envelope>',

  'names in values': (soap: string) =>
    `<soap:Envelope xmlns:soap="${soap}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ` +
    `xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:s="${SHOP}"><soap:Header>${addressing}<s:Session>1</s:Session>` +
    '</soap:Header><soap:Body><s:Order xsi:type="s:OrderType"><s:Card xsi:type="xsd:string">4111</s:Card>' +
    '<s:Note xsi:nil="true"/></s:Order></soap:Body></soap:Envelope>',

  large: (soap: string) =>
    `<soap:Envelope xmlns:soap="${soap}" xmlns:s="${SHOP}"><soap:Header>${addressing}<s:Session>1</s:Session></soap:Header>` +
    `<soap:Body><s:Order><s:Card>4111</s:Card>${lines()}</s:Order></soap:Body></soap:Envelope>`,
};

function lines(): string {
  const line = (n: number) =>
    `<s:Line no="${n}"><p:Part xmlns:p="urn:example:parts" p:code="P-${n}">Größe ${n}</p:Part><s:Quantity>${n % 7}</s:Quantity></s:Line>\n`;
  return Array.from({ length: 1600 }, (_, n) => line(n)).join('');
}

export const shapeNames = Object.keys(shapes) as Shape[];

export const namespaceOf = (version: SoapVersion): string => (version === '1.1' ? SOAP11 : SOAP12);

export function makeMessage(shape: Shape, version: SoapVersion): Buffer {
  return Buffer.from(shapes[shape](namespaceOf(version)));
}
