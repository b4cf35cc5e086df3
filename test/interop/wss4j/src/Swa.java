import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.SecretKey;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import org.apache.wss4j.common.WSEncryptionPart;
import org.apache.wss4j.common.ext.Attachment;
import org.apache.wss4j.common.ext.AttachmentRequestCallback;
import org.apache.wss4j.common.ext.AttachmentResultCallback;
import org.apache.wss4j.common.util.KeyUtils;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.WSDocInfo;
import org.apache.wss4j.dom.engine.WSSConfig;
import org.apache.wss4j.dom.engine.WSSecurityEngine;
import org.apache.wss4j.dom.handler.RequestData;
import org.apache.wss4j.dom.message.WSSecEncrypt;
import org.apache.wss4j.dom.message.WSSecHeader;
import org.apache.wss4j.dom.message.WSSecSignature;
import org.apache.wss4j.dom.message.WSSecTimestamp;
import org.apache.wss4j.dom.util.WSSecurityUtil;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/**
 * Messages with attachments. A payload is the number of parts, and of each: its Content-ID, the number of its headers, their
 * names and values, the length of its content and the content; the envelope is the first.
 */
final class Swa {
    private static final String ALL = "Attachments";

    private final Frame request;
    private final KeyRing keys;
    private final Map<String, Attachment> attachments = new LinkedHashMap<>();
    private Document document;

    private Swa(Frame request, KeyRing keys) throws Exception {
        this.request = request;
        this.keys = keys;
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(request.payload));
        int parts = in.readInt();
        for (int part = 0; part < parts; part++) {
            Attachment attachment = new Attachment();
            attachment.setId(in.readUTF());
            int headers = in.readInt();
            for (int header = 0; header < headers; header++) {
                attachment.addHeader(in.readUTF(), in.readUTF());
            }
            byte[] content = in.readNBytes(in.readInt());
            if (part == 0) {
                document = Dom.parse(content);
            } else {
                attachment.setMimeType(attachment.getHeaders().get("Content-Type"));
                attachment.setSourceStream(new ByteArrayInputStream(content));
                attachments.put(attachment.getId(), attachment);
            }
        }
    }

    static byte[] secure(Frame request, KeyRing keys) throws Exception {
        return new Swa(request, keys).secure();
    }

    static byte[] verify(Frame request, KeyRing keys) throws Exception {
        return new Swa(request, keys).verify();
    }

    private byte[] secure() throws Exception {
        WSSecHeader header = new WSSecHeader(document);
        header.insertSecurityHeader();
        for (String action : request.list("actions")) {
            switch (action) {
                case "Timestamp" -> new WSSecTimestamp(header).build();
                case "Signature" -> sign(header);
                default -> encrypt(header);
            }
        }
        return payload();
    }

    private void sign(WSSecHeader header) throws Exception {
        WSSecSignature signature = new WSSecSignature(header);
        signature.setUserInfo(request.get("sig.key"), KeyRing.PASSWORD);
        signature.setKeyIdentifierType(WSConstants.BST_DIRECT_REFERENCE);
        signature.setSignatureAlgorithm(WSConstants.RSA_SHA256);
        signature.setDigestAlgo(WSConstants.SHA256);
        signature.setAttachmentCallbackHandler(new Handler());
        signature.setExpandXopInclude(true);
        signature.setStoreBytesInAttachment(request.flag("store", false));
        signature.getParts().add(new WSEncryptionPart("Body", document.getDocumentElement().getNamespaceURI(), "Content"));
        signature.getParts().add(new WSEncryptionPart("Timestamp", WSConstants.WSU_NS, "Element"));
        addAttachments(signature.getParts(), "sig.attachments");
        signature.build(keys.crypto());
    }

    private void encrypt(WSSecHeader header) throws Exception {
        WSSecEncrypt encrypt = new WSSecEncrypt(header);
        encrypt.setUserInfo(request.get("enc.key"));
        encrypt.setKeyIdentifierType(WSConstants.ISSUER_SERIAL);
        encrypt.setSymmetricEncAlgorithm(request.get("enc.data"));
        encrypt.setKeyEncAlgo(WSConstants.KEYTRANSPORT_RSAOAEP);
        encrypt.setAttachmentCallbackHandler(new Handler());
        encrypt.setWsDocInfo(new WSDocInfo(document));
        encrypt.setExpandXopInclude(true);
        encrypt.setStoreBytesInAttachment(request.flag("store", false));
        if (request.flag("enc.body", false)) {
            encrypt.getParts().add(
                new WSEncryptionPart("Body", document.getDocumentElement().getNamespaceURI(), "Content"));
        }
        addAttachments(encrypt.getParts(), "enc.attachments");
        SecretKey key = KeyUtils.getKeyGenerator(request.get("enc.data")).generateKey();
        encrypt.build(keys.crypto(), key);
    }

    private void addAttachments(List<WSEncryptionPart> parts, String field) {
        if (request.has(field)) {
            parts.add(new WSEncryptionPart("cid:" + ALL, request.get(field)));
        }
    }

    private byte[] verify() throws Exception {
        RequestData data = new RequestData();
        data.setWssConfig(WSSConfig.getNewInstance());
        data.setSigVerCrypto(keys.crypto());
        data.setDecCrypto(keys.crypto());
        data.setCallbackHandler(keys.passwords());
        data.setAttachmentCallbackHandler(new Handler());
        data.setExpandXopInclude(true);
        data.setDisableBSPEnforcement(true);
        Element security = WSSecurityUtil.getSecurityHeader(document, null);
        new WSSecurityEngine().processSecurityHeader(security, data);
        return payload();
    }

    private byte[] payload() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(attachments.size() + 1);
        write(out, "", Map.of(), Dom.serialize(document));
        for (Attachment attachment : attachments.values()) {
            write(out, attachment.getId(), attachment.getHeaders(), attachment.getSourceStream().readAllBytes());
        }
        return bytes.toByteArray();
    }

    private static void write(DataOutputStream out, String id, Map<String, String> headers, byte[] content)
            throws IOException {
        out.writeUTF(id);
        out.writeInt(headers.size());
        for (Map.Entry<String, String> header : headers.entrySet()) {
            out.writeUTF(header.getKey());
            out.writeUTF(header.getValue());
        }
        out.writeInt(content.length);
        out.write(content);
    }

    /** Hands attachments to WSS4J and takes back what it made of them, as a web service stack would. */
    private final class Handler implements CallbackHandler {
        @Override
        public void handle(Callback[] callbacks) throws IOException {
            for (Callback callback : callbacks) {
                if (callback instanceof AttachmentRequestCallback wanted) {
                    wanted.setAttachments(find(wanted.getAttachmentId()));
                    if (wanted.isRemoveAttachments()) {
                        attachments.remove(wanted.getAttachmentId());
                    }
                } else if (callback instanceof AttachmentResultCallback result) {
                    take(result.getAttachment());
                }
            }
        }

        private List<Attachment> find(String id) throws IOException {
            List<Attachment> found = new ArrayList<>();
            for (Attachment attachment : attachments.values()) {
                if (id.equals(ALL) || id.equals(attachment.getId())) {
                    found.add(copy(attachment));
                }
            }
            return found;
        }

        /** Whoever asks may read the stream to its end. */
        private Attachment copy(Attachment attachment) throws IOException {
            byte[] content = attachment.getSourceStream().readAllBytes();
            attachment.setSourceStream(new ByteArrayInputStream(content));
            Attachment copy = new Attachment();
            copy.setId(attachment.getId());
            copy.setMimeType(attachment.getMimeType());
            copy.addHeaders(attachment.getHeaders());
            copy.setSourceStream(new ByteArrayInputStream(content));
            return copy;
        }

        private void take(Attachment attachment) {
            String type = attachment.getMimeType();
            String before = attachment.getHeaders().get("Content-Type");
            boolean hidden = before == null || before.equals("application/octet-stream");
            if (type != null && !type.isEmpty() && (hidden || type.equals("application/octet-stream"))) {
                attachment.addHeader("Content-Type", type);
            }
            attachments.put(attachment.getId(), attachment);
        }
    }
}
