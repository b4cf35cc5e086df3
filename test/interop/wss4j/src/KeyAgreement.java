import java.util.Base64;
import org.apache.wss4j.dom.message.WSSecEncrypt;
import org.apache.xml.security.encryption.params.ConcatKDFParams;
import org.apache.xml.security.encryption.params.HKDFParams;
import org.apache.xml.security.utils.EncryptionConstants;

/** Has an encryption agree on its key: fields `enc.agreement`, `enc.derivation`, and `enc.derivationDigest` where it is not WSS4J's own. */
final class KeyAgreement {
    private KeyAgreement() { }

    static void configure(WSSecEncrypt encrypt, Frame request) throws Exception {
        if (!request.has("enc.agreement")) {
            return;
        }
        encrypt.setKeyAgreementMethod(request.get("enc.agreement"));
        String derivation = request.get("enc.derivation");
        encrypt.setKeyDerivationMethod(derivation);
        if (!request.has("enc.derivationDigest")) {
            return;
        }
        String digest = request.get("enc.derivationDigest");
        int bits = org.apache.xml.security.utils.KeyUtils.getAESKeyBitSizeForWrapAlgorithm(request.get("enc.transport"));
        encrypt.setKeyDerivationParameters(derivation.equals(EncryptionConstants.ALGO_ID_KEYDERIVATION_HKDF)
            ? HKDFParams.createBuilder(bits, digest).salt(Base64.getDecoder().decode("c2FsdA==")).info("info".getBytes()).build()
            : ConcatKDFParams.createBuilder(bits, digest).algorithmID("0001AB").partyUInfo("0055").partyVInfo("0056")
                .suppPubInfo("0001").build());
    }
}
