"""The commonest short words of languages that share a script, and the letters beside a to z.

Written down by hand, from grammars' lists of articles, pronouns, conjunctions and prepositions; no
corpus is in it. A word that several languages have counts as much less for each.
"""

from collections.abc import Mapping

# ISO 639-1 of the only language here that is written in a script, by the script's characters.
SCRIPTS: Mapping[str, tuple[int, int]] = {
    "ko": (0xAC00, 0xD7A3), "el": (0x0370, 0x03FF), "he": (0x0590, 0x05FF), "th": (0x0E00, 0x0E7F),
    "bn": (0x0980, 0x09FF), "ta": (0x0B80, 0x0BFF), "te": (0x0C00, 0x0C7F), "gu": (0x0A80, 0x0AFF),
    "pa": (0x0A00, 0x0A7F), "kn": (0x0C80, 0x0CFF), "ml": (0x0D00, 0x0D7F), "si": (0x0D80, 0x0DFF),
    "ka": (0x10A0, 0x10FF), "hy": (0x0530, 0x058F), "km": (0x1780, 0x17FF), "lo": (0x0E80, 0x0EFF),
    "my": (0x1000, 0x109F), "am": (0x1200, 0x137F),
}  # fmt: skip

# Words of languages that share a script; after a bar the letters beside those that all have.
LATIN: Mapping[str, str] = {
    "en": "the of and to in is that it for you was on are with as this be have at by not what how "
          "which from they we can will would should there their an or if your my write when who "
          "does do please has been these into about make give",
    "de": "der die das und ist nicht ein eine einen ich zu mit den von auf für im dem des sich "
          "wie was es sie wir auch aus bei nach werden wird kann oder aber wenn mir mein bitte "
          "sind hat über einer eines zum zur warum | äöüß",
    "fr": "le la les de des et est un une en que qui dans pour pas vous je il elle nous sur avec "
          "ce cette au aux du ne se sont ou mais plus par comment quel quelle mon ma être fait "
          "moi ces pourquoi | àâæçéèêëîïôœùûüÿ",
    "es": "el la los las de y que en un una es por para con no se lo su del al como más pero qué "
          "cómo este esta son está yo mi muy ser hay cuál porque o ha sobre sin también todos | "
          "áéíóúüñ¿¡",
    "it": "il lo la gli le di e che è un una per non con sono del della dei delle nel nella come "
          "più ma mi ti si al alla cosa questo questa ho hai qual quale perché anche dal essere "
          "ed ogni | àèéìòù",
    "pt": "o a os as de e que um uma em não é para com por do da dos das no na se mais como mas "
          "ao meu minha você ele ela são qual isso este esta foi ou também muito porque às pelo | "
          "ãõáâàçéêíóôú",
    "nl": "de het een en van is dat niet in op te ik je we zijn voor met aan er maar om hoe wat "
          "ook als naar bij uit wordt deze dit heeft kan of mijn door zij geen waarom moet | éëïö",
    "sv": "och att det som en är på för av med den till inte ett jag om har de i kan vad hur från "
          "eller så vi du min mig men var när skriv denna detta ska alla varför | åäöé",
    "da": "og at det som en er på for af med den til ikke et jeg om har de i kan hvad hvordan fra "
          "eller så vi du min mig men var når skriv denne dette skal alle hvorfor efter blev "
          "meget noget af være nogen hver mod ud | æøåé",
    "no": "og at det som en er på for av med den til ikke et jeg om har de i kan hva hvordan fra "
          "eller så vi du min meg men var når skriv denne dette skal alle hvorfor etter ble mye "
          "noe være noen hver mot ut | æøåéò",
    "fi": "ja on ei se että hän ovat oli mutta kuin niin joka mitä miten minun sinun tämä voi "
          "myös ole kun tai jos mikä ne olen minä sinä kirjoita miksi jotka hänen kaikki en eivät "
          "sen tämän | äö",
    "pl": "i w nie na się z do to że jest jak co o po za od przez dla czy jestem mój moja ale tak "
          "był może są ten ta które który jakie napisz dlaczego oraz lub być ma jego | ąćęłńóśźż",
    "cs": "a v je se na to že s z do jak co o pro po za ale jsem jsou být byl nebo můj moje který "
          "která které jaký jaké napiš proč ve při také má aby tak již není mezi | "
          "áčďéěíňóřšťúůýž",
    "sk": "a v je sa na to že s z do ako čo o pre po za ale som sú byť bol alebo môj moja ktorý "
          "ktorá ktoré aký aké napíš prečo vo pri tiež má aby tak už nie medzi | "
          "áäčďéíĺľňóôŕšťúýž",
    "hu": "a az és hogy nem is egy van meg ez csak de mint már ha mi hogyan volt lesz én te ő "
          "vagy kell ki mit milyen írj miért ezt azt nekem minden nagyon után | áéíóöőúüű",
    "ro": "și în de la cu pe este nu că un o ce care mai din pentru sunt să se au ai cum fi sau "
          "dar acest această scrie meu mea fost dacă prin al ale lui | ăâîșțşţ",
    "tr": "ve bir bu da de için ne ile çok mı mi gibi daha var olan olarak nasıl ama ben sen o "
          "kadar nedir değil her yaz neden bana en şey sonra veya hangi tüm | çğıöşüâ",
    "id": "yang dan di itu dengan untuk tidak ini dari dalam akan pada adalah ke saya bagaimana "
          "apa atau ada oleh juga bisa karena seperti tolong kamu anda dapat sudah mereka setiap "
          "orang",
    "vi": "và của là có không được cho một các những trong với người này để như đã tôi bạn về thế "
          "nào khi gì hãy mọi đều cũng phải | "
          "àáâãèéêìíòóôõùúýăĩũđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹả",
    "hr": "i u je se na da za su od s o kako što ne li biti ali koji koja koje jesam moj moja ili "
          "kao bio bila samo ima iz po to napiši zašto sve svi bez mogu nije | čćđšž",
    "sl": "in je v na se da za so od s z kako kaj ne ali biti pa ki sem moj moja kot bil bila "
          "samo ima iz po to napiši zakaj vse vsi brez lahko ni tudi če | čšž",
    "et": "ja on ei see et ta oli mis kui aga ka oma ma kes või kuidas mida selle nii siis seda "
          "pole minu sinu kirjuta miks kõik peab ning olema igal iga | äõöüšž",
    "lv": "un ir uz ar no par ka kas tas es kā vai nav bet lai to šis kur man savu būt viņš arī "
          "pie uzraksti kāpēc viss ikvienam tiek | āčēģīķļņšūž",
    "lt": "ir yra į su kad kaip tai ar bet iš ne aš kas už jis buvo būti mano tik nuo per apie "
          "dėl jo parašyk kodėl visi kiekvienas turi | ąčęėįšųūž",
    "ca": "el la els les de i que en un una és per amb no es al del com més però què aquest "
          "aquesta són jo meu molt ser hi ha quin perquè o sobre també tots dels tot sense | "
          "àçéèíïóòúüŀ·",
    "sq": "të dhe e në një për është me që nuk si nga më ka janë por ky kjo unë mund çfarë ose "
          "këtë shkruaj pse çdo gjithë | çë",
    "sw": "na ya wa kwa ni katika la za kuwa hii hiyo yake wake cha vya mimi wewe gani nini kama "
          "lakini au kila mtu ana haki",
    "tl": "ang ng sa na mga ay at ko mo ito para kung hindi ako ikaw siya ano paano may isang ni "
          "nang bawat lahat bakit | ñ",
    "af": "die en van is het nie in op wat te ek jy ons vir met aan dat maar om hoe ook as na by "
          "uit word hierdie kan of my deur hulle waarom moet sy | êëïôûé",
    "eu": "eta da ez bat du dira izan hau zer nola dute egin baina ere edo nire zuen duen guztiak "
          "| ñ",
    "is": "og að er á það í sem ekki við til um með en ég var hann hún hvað hvernig eru fyrir frá "
          "af þetta hver allir skrifa hvers | áæéíðóöúýþ",
    "ga": "agus an na is tá ar le go do i ní sé sí ag mé seo sin cad conas bhí nach gach | áéíóú",
    "cy": "a y yr yn i o mae ar am ei eu fod nid hyn beth sut gan wedi oedd pob | âêîôûŵŷ",
}  # fmt: skip
CYRILLIC: Mapping[str, str] = {
    "ru": "и в не на я что с это как он а по к но из у за от так же для вы бы мне мой или его "
          "если ли быть все она они есть напиши почему когда какой | ыэёъщ",
    "uk": "і в не на я що з це як він а по до але із у за від так же для ви б мені мій або його "
          "якщо чи бути всі вона вони є напиши чому коли який та | їєґіщ",
    "be": "і ў не на я што з гэта як ён а па да але у за ад так для вы мне мой або яго калі ці "
          "быць усе яна яны ёсць напішы чаму які | ўіыэё",
    "bg": "и в не на аз че с това как той а по но от за до да се е са ще ми или си той тя те има "
          "какво защо когато който кои всички има към | ъщ",
    "sr": "и у не на ја да с ово како он а по али од за до се је су ће ми или си она они има шта "
          "зашто када који сви као није | ђћљњџј",
    "mk": "и во не на јас дека со ова како тој а по но од за до да се е ќе ми или си таа тие има "
          "што зошто кога кој сите | ѓќѕљњџј",
    "kk": "және мен бұл бір үшін де да емес бар не қалай мен сен ол болып деп бойынша барлық | "
          "әғқңөұүһіыэ",
}  # fmt: skip
ARABIC: Mapping[str, str] = {
    "ar": "في من على أن هذا إلى ما لا التي الذي كان هو هي مع عن كل هل كيف أو ثم لم | ةىأإ",
    "fa": "و در به از که این را با است برای آن یک می تا چه خود هم کرد شود چگونه | پچژگی",
    "ur": "کے میں کی ہے اور سے کا کو یہ نے پر کہ ہیں نہیں ایک بھی تھا کیا کیسے | ٹڈڑےںہ",
}  # fmt: skip
DEVANAGARI: Mapping[str, str] = {
    "hi": "है के में की और से का को यह ने पर कि हैं नहीं एक भी था क्या कैसे मैं लिए",
    "mr": "आहे आणि हे या ते मध्ये च्या नाही एक आहेत होते काय कसे मी साठी | ळ",
    "ne": "छ र को मा लाई यो हो छन् गर्न छैन एक पनि थियो के कसरी म लागि",
}  # fmt: skip
