"""The demonstration's controller: an archive that does not exist, in the words that article 15 asks for."""

from datetime import date
from typing import Any, Final

PROFILE: Final[dict[str, Any]] = {
    "name": "Lumière Photo Archive (demonstration)",
    "postal_address": "12 rue de l'Exemple\n75011 Paris\nFrance",
    "email": "archive@example.org",
    "country": "FR",
    "dpo_email": "dpo@example.org",
    "dpo_contact": "Data protection officer, Lumière Photo Archive\n12 rue de l'Exemple, 75011 Paris\ndpo@example.org",
    "established_in_union": True,
    "authority_name": "Commission nationale de l'informatique et des libertés (CNIL)",
    "authority_address": "3 place de Fontenoy, TSA 80715\n75334 Paris Cedex 07\nFrance",
    "authority_url": "https://www.cnil.fr/fr/plaintes",
    "transfers_outside_union": True,
    "automated_decisions": False,
}

TEXTS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "purposes": "The pictures are kept to document public life and are licensed to publishers. Faces are compared "
        "only to answer requests such as this one.",
        "categories": "Photographs in which you can be seen; when and where they were taken, as far as the camera "
        "recorded it; the address of the page they came from; and, for each face, a template: 128 numbers computed "
        "from the picture.",
        "storage": "Photographs are kept for as long as they are of documentary interest, which is reviewed every five "
        "years. A template is kept exactly as long as its photograph.",
        "origin": "The pictures were taken by the archive's own photographers or collected from public web pages; the "
        "address is given with each picture that has one.",
        "automated": "No decision is taken by automated means alone. A computer proposes pictures that may show you; "
        "people decide.",
        "safeguards": "Pictures are shown to a recipient in Canada, for which the European Commission has found an "
        "adequate level of protection (decision 2002/2/EC).",
        "court": "You can bring the matter before the tribunal judiciaire of the place where you live, or where the "
        "archive is established (Paris).",
    },
    "fr": {
        "purposes": "Les images sont conservées pour documenter la vie publique et sont cédées sous licence à des "
        "éditeurs. Les visages ne sont comparés que pour répondre à des demandes comme celle-ci.",
        "categories": "Les photographies sur lesquelles on vous voit ; la date et le lieu de prise de vue, si "
        "l'appareil les a enregistrés ; l'adresse de la page d'où elles viennent ; et, pour chaque visage, un "
        "gabarit : 128 nombres calculés à partir de l'image.",
        "storage": "Les photographies sont conservées tant qu'elles ont un intérêt documentaire, réexaminé tous les "
        "cinq ans. Un gabarit est conservé exactement aussi longtemps que sa photographie.",
        "origin": "Les images ont été prises par les photographes du fonds ou recueillies sur des pages web "
        "publiques ; l'adresse est indiquée avec chaque image qui en a une.",
        "automated": "Aucune décision n'est prise par des moyens uniquement automatisés. Un ordinateur propose des "
        "images sur lesquelles vous pourriez figurer ; des personnes décident.",
        "safeguards": "Des images sont montrées à un destinataire au Canada, pour lequel la Commission européenne a "
        "constaté un niveau de protection adéquat (décision 2002/2/CE).",
        "court": "Vous pouvez saisir le tribunal judiciaire du lieu où vous demeurez ou du lieu où le fonds est établi "
        "(Paris).",
    },
    "de": {
        "purposes": "Die Bilder werden aufbewahrt, um das öffentliche Leben zu dokumentieren, und Verlagen zur Nutzung "
        "überlassen. Gesichter werden nur verglichen, um Anträge wie diesen zu beantworten.",
        "categories": "Fotos, auf denen Sie zu sehen sind; Zeit und Ort der Aufnahme, soweit die Kamera sie "
        "festgehalten hat; die Adresse der Seite, von der sie stammen; und zu jedem Gesicht eine Gesichtsvorlage: 128 "
        "Zahlen, aus dem Bild berechnet.",
        "storage": "Fotos werden aufbewahrt, solange sie von dokumentarischem Interesse sind; das wird alle fünf Jahre "
        "überprüft. Eine Gesichtsvorlage wird genau so lange aufbewahrt wie ihr Foto.",
        "origin": "Die Bilder wurden von den eigenen Fotografinnen und Fotografen des Archivs aufgenommen oder auf "
        "öffentlichen Webseiten gesammelt; die Adresse steht bei jedem Bild, das eine hat.",
        "automated": "Keine Entscheidung wird allein automatisiert getroffen. Ein Computer schlägt Bilder vor, die Sie "
        "zeigen könnten; Menschen entscheiden.",
        "safeguards": "Bilder werden einem Empfänger in Kanada gezeigt, für das die Europäische Kommission ein "
        "angemessenes Schutzniveau festgestellt hat (Entscheidung 2002/2/EG).",
        "court": "Sie können das Tribunal judiciaire an Ihrem Wohnort oder am Sitz des Archivs (Paris) anrufen.",
    },
}
"""A language that is not here gets the English sample: in earnest every controller writes its own."""

RECIPIENTS: Final[dict[str, dict[str, Any]]] = {
    "Agence Exemple": {
        "role": "recipient",
        "email": "rights@agence.example.org",
        "country": "FR",
        "since": date(2019, 3, 1),
    },
    "Example Press Syndicate": {
        "role": "recipient",
        "email": "privacy@syndicate.example.org",
        "country": "CA",
        "since": date(2021, 9, 15),
    },
}

AUTHORITIES: Final = {
    "uk-gdpr": "Information Commissioner's Office (ICO)",
    "ccpa": "California Privacy Protection Agency (CPPA); Attorney General",
    "vcdpa": "Attorney General of Virginia",
    "cpa": "Attorney General of Colorado",
    "lgpd": "Autoridade Nacional de Proteção de Dados (ANPD)",
    "fadp": "Federal Data Protection and Information Commissioner (FDPIC)",
    "pipeda": "Office of the Privacy Commissioner of Canada (OPC)",
    "quebec-25": "Commission d'accès à l'information (CAI)",
}
"""Whom a refusal names under each law; the rest of a remedy is sample text, and says so."""
REMEDIES: Final = {
    "en": {
        "authority_address": "(sample text of the demonstration: the authority's postal address)",
        "authority_url": "https://example.org/complaints",
        "court": "(sample text of the demonstration: which court, and how to go to it)",
    },
    "fr": {
        "authority_address": "(texte d’exemple de la démonstration : l’adresse postale de l’autorité)",
        "authority_url": "https://example.org/plaintes",
        "court": "(texte d’exemple de la démonstration : quel tribunal, et comment le saisir)",
    },
    "de": {
        "authority_address": "(Beispieltext der Vorführung: die Postanschrift der Behörde)",
        "authority_url": "https://example.org/beschwerden",
        "court": "(Beispieltext der Vorführung: welches Gericht, und wie man es anruft)",
    },
}
