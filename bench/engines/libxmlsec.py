"""libxmlsec measured from Python. Reads one JSON request per line on standard input, answers with one JSON line.

Does what WS-Security needs of it and no more: no SecurityTokenReference, no trust decision; keys are given to it.
"""

import datetime
import json
import sys
import time
import uuid

import xmlsec
from lxml import etree

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
X509V3 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"

PARSER = etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)


class Engine:
    def __init__(self, keys):
        self.token = "".join(keys["signer"]["certificate"].splitlines()[1:-1])
        self.signing = xmlsec.Key.from_memory(keys["signer"]["key"], xmlsec.KeyFormat.PEM)
        self.checking = xmlsec.Key.from_memory(keys["signer"]["certificate"], xmlsec.KeyFormat.CERT_PEM)
        self.encrypting = xmlsec.KeysManager()
        public = xmlsec.Key.from_memory(keys["recipient"]["certificate"], xmlsec.KeyFormat.CERT_PEM)
        public.name = "recipient"
        self.encrypting.add_key(public)
        self.decrypting = xmlsec.KeysManager()
        private = xmlsec.Key.from_memory(keys["recipient"]["key"], xmlsec.KeyFormat.PEM)
        private.name = "recipient"
        self.decrypting.add_key(private)

    def run(self, operation, message):
        root = etree.fromstring(message, PARSER)
        soap = etree.QName(root).namespace
        header = root.find("{%s}Header" % soap)
        if header is None:
            header = etree.Element("{%s}Header" % soap)
            root.insert(0, header)
        body = root.find("{%s}Body" % soap)
        if operation in ("sign", "sign+encrypt"):
            self.sign(header, body)
        if operation in ("encrypt", "sign+encrypt"):
            self.encrypt(body)
        if operation in ("decrypt", "decrypt+verify"):
            self.decrypt(body)
        if operation in ("verify", "decrypt+verify"):
            self.verify(header, body)
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def sign(self, header, body):
        now = datetime.datetime.now(datetime.timezone.utc)
        text = lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        ids = ["id-%s" % uuid.uuid4() for _ in range(3)]
        security = etree.fromstring(
            f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"><wsse:BinarySecurityToken EncodingType="{BASE64}"'
            f' ValueType="{X509V3}" wsu:Id="{ids[0]}">{self.token}</wsse:BinarySecurityToken>'
            f'<wsu:Timestamp wsu:Id="{ids[1]}"><wsu:Created>{text(now)}</wsu:Created><wsu:Expires>'
            f"{text(now + datetime.timedelta(minutes=5))}</wsu:Expires></wsu:Timestamp>"
            f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC}"/>'
            '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
            + "".join(
                f'<ds:Reference URI="#{each}"><ds:Transforms><ds:Transform Algorithm="{EXC}"/></ds:Transforms>'
                f'<ds:DigestMethod Algorithm="{XENC}sha256"/><ds:DigestValue/></ds:Reference>'
                for each in ids[1:]
            )
            + "</ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference"
            f' URI="#{ids[0]}" ValueType="{X509V3}"/></wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature></wsse:Security>'
        )
        header.append(security)
        body.set("{%s}Id" % WSU, ids[2])
        timestamp, signature = security[1], security[2]
        context = xmlsec.SignatureContext()
        context.key = self.signing
        context.register_id(body, "Id", WSU)
        context.register_id(timestamp, "Id", WSU)
        # libxmlsec resolves KeyInfo when it signs too, and knows no token reference.
        info = signature.find("{%s}KeyInfo" % DS)
        signature.remove(info)
        context.sign(signature)
        signature.append(info)

    def verify(self, header, body):
        security = header.find("{%s}Security" % WSSE)
        context = xmlsec.SignatureContext()
        context.key = self.checking
        context.register_id(body, "Id", WSU)
        context.register_id(security.find("{%s}Timestamp" % WSU), "Id", WSU)
        context.verify(security.find("{%s}Signature" % DS))
        header.remove(security)

    def encrypt(self, body):
        template = etree.fromstring(
            f'<xenc:EncryptedData xmlns:xenc="{XENC}" xmlns:ds="{DS}" Type="{XENC}Content"><xenc:EncryptionMethod'
            f' Algorithm="{XENC11}aes256-gcm"/><ds:KeyInfo><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{XENC11}rsa-oaep">'
            f'<ds:DigestMethod Algorithm="{XENC}sha256"/><xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{XENC11}mgf1sha256"/>'
            "</xenc:EncryptionMethod><ds:KeyInfo><ds:KeyName>recipient</ds:KeyName></ds:KeyInfo><xenc:CipherData>"
            "<xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/>"
            "</xenc:CipherData></xenc:EncryptedData>"
        )
        context = xmlsec.EncryptionContext(self.encrypting)
        context.key = xmlsec.Key.generate(xmlsec.constants.KeyDataAes, 256, xmlsec.constants.KeyDataTypeSession)
        context.encrypt_xml(template, body)

    def decrypt(self, body):
        context = xmlsec.EncryptionContext(self.decrypting)
        context.decrypt(body.find("{%s}EncryptedData" % XENC))


def measure(engine, request):
    with open(request["file"], "rb") as source:
        message = source.read()
    operation, durations = request["operation"], []
    allowed = request["milliseconds"] / 1000
    cpu, begin = time.process_time(), time.perf_counter()
    before = begin
    while time.process_time() - cpu < allowed or len(durations) < request["atLeast"]:
        engine.run(operation, message)
        after = time.perf_counter()
        durations.append(after - before)
        before = after
    cpu, count = time.process_time() - cpu, len(durations)
    durations.sort()
    return {
        "count": count,
        "cpu": cpu * 1000 / count,
        "wall": (before - begin) * 1000,
        "p50": durations[count // 2] * 1000,
        "p99": durations[min(count - 1, count * 99 // 100)] * 1000,
    }


def main():
    engine = Engine(json.loads(sys.stdin.readline()))
    print(json.dumps({"version": ".".join(map(str, xmlsec.get_libxmlsec_version()))}), flush=True)
    for line in sys.stdin:
        try:
            answer = measure(engine, json.loads(line))
        except Exception as error:  # to the process that leads, which decides
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
