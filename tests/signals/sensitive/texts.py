"""Texts written by hand, by the class that is in them. They are nobody's: numbers of documentation,
numbers with right check digits made up here.

A ``¦`` is taken out: with it no scanner of repositories mistakes the file for a leak.
"""

POSITIVE = {
    "secret": """
        aws_access_key_id = AKIA¦IOSFODNN7EXAMPLE
        My key is ASIA¦Y34FZKBOKMUTVV7A, is that still valid?
        export GITHUB_TOKEN=ghp_¦16C7e42F292c6912E7710c838347Ae178B4a
        git clone with github_pat_¦11AABBCCD0abcdefghijkl_mnopqrstuvwxyz0123456789ABCDEFGHIJKLM
        glpat-¦x7Kq2Lm9Zp4Rt6Wv8Yb1 does not work in CI
        OPENAI_API_KEY="sk-¦proj-T3hK9dQ2mX7vB4nL8sW1zR6yC5fJ0gA"
        sk-¦ant-api03-Zk83hd72Jsl29Xmw0Qpa71Vb
        slack: xoxb-¦2401837465-9Hd72kLs01Qz
        https://hooks.slack.com/services/T01ABCDEF/B02GHIJKL/¦a1B2c3D4e5F6g7H8i9J0k1L2
        maps key AIza¦SyD3k29fKq01LmNoPqRsTuVwXyZ12345678
        Stripe says sk_live_¦4eC39HqLyjWDarjtT1zdp7dc was revoked
        hf_¦QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi
        -----BEGIN RSA ¦PRIVATE KEY-----
        -----BEGIN OPENSSH ¦PRIVATE KEY----- b3BlbnNzaC1rZXk
        -----BEGIN PGP ¦PRIVATE KEY BLOCK-----
        Bearer eyJ¦hbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3
        postgres://admin:¦tr0ub4dor@db.internal:5432/orders
        My password is hunter2, why can't I log in?
        password: Tr0ub4dor&3
        {"user": "bob", "password": "c0rrect-h0rse"}
        the wifi passphrase: blue!horse9
        Das Passwort ist Sommer2024!
        client_secret = 8f14e45fceea167a5a36dedd4bea2543
        API_KEY=Zx81kd02LmQ93vbT7u
        "access_token": "q8Fz0L2mXc7Vb5Nw1Rt9"
        bot token 123456789:AA¦F1kd83jdLs02Kdm3nfLs9Qmw02Kd8sLqPw7
        AccountKey=¦b3J5ZHVkZGxlc2tpcHBlcnNub29weWRvb2RsZTEyMzQ1Njc4OTA=
        npm_¦aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5
        mysql -u root, pwd=Qw3rty!9 on the old box
    """,
    "id": """
        SSN: 123-45-6789
        My social security number is 219099998.
        her ssn 536 22 1234
        ITIN 912-70-1234 on the return
        NHS number 943 476 5919
        My National Insurance number is AB123456C
        NI number: QQ no, it is AB 12 34 56 C
        Meine Steuer-ID ist 36 574 261 809.
        Steueridentifikationsnummer: 36574261809
        numéro de sécu 2 95 10 99 126 111 93
        mi DNI es 54362315K
        NIE X2482300W
        codice fiscale RCCMNL83S18D969H
        BSN: 111222333
        rijksregisternummer 85.07.30-033.28
        personnummer 880320-0016
        hetu 131052-308T
        CPR-nummer 211062-5629
        fødselsnummer 15108695088
        PESEL 44051401359
        CPF: 390.533.447-05
        meu cpf é 39053344705
        Aadhaar: 2341 2341 2346
        身份证 360426199101010071
        AHV 756.9217.0769.85
        NIF 501964843
        Sozialversicherungsnummer 1237 010180
        CNP 1630615123457
        OIB 33392005961
        SIN 123-456-782
        My tax file number is 123 456 782
        T.C. kimlik no 17291716060
        RUT 12.531.909-2
        PAN card: ACUPA7085R
        passport number C01X00T478
        Reisepass Nr. L01234567
    """,
    "payment": """
        Pay with 4111 1111 1111 1111, exp 09/28
        4111111111111111
        5500-0000-0000-0004 is my Mastercard
        Amex 3782 822463 10005
        378282246310005
        {"card": "6011111111111117"}
        diners card 30569309025904
        2223003122003222
        3530111333300000 was declined
        IBAN DE89 3704 0044 0532 0130 00
        Please send it to GB29NWBK60161331926819.
        FR14 2004 1010 0505 0001 3M02 606 is our account
        nl91abna0417164300
        CH93 0076 2011 6238 5295 7
        the account is ES91-2100-0418-4502-0005-1332
        NO93 8601 1117 947
        Überweise 50 Euro an AT61 1904 3002 3457 3201
    """,
    "contact": """
        Write to jane.doe@example.com please
        JOHN_SMITH+news@mail.example.co.uk
        <a href="mailto:info@firma.de">
        jürgen: j.mueller@uni-bonn.de;
        Call me at 555-0123
        My phone is (415) 555-2671.
        415-555-2671
        415.555.2671
        +1 415 555 2671
        +14155552671
        +49 151 23456789
        +44 20 7946 0958 after six
        +33 1 23 45 67 89
        +91-98765-43210
        +358 40 1234567
        Tel.: 030/12345678
        Meine Handynummer ist 0151 23456789
        01 23 45 67 89
        0711 123 456 78
        telefone 91234 5678
        WhatsApp 612 34 56 78
        fax number: 7654321
        móvil 612345678
    """,
    "medical": """
        The patient was diagnosed with hypertension and takes lisinopril 10 mg daily.
        I was diagnosed with bipolar disorder last year.
        My doctor says the biopsy was benign but I am worried.
        Please rewrite this discharge summary for the family.
        I take sertraline for depression, can I drink?
        Patient presents with fever and chronic pain.
        Mein Arzt hat mir ein Rezept gegen die Schmerzen gegeben.
        I am pregnant and have diabetes.
        She tested positive for HIV in March.
    """,
    "legal": """
        Our client denies the breach of contract alleged by the plaintiff.
        This is privileged and confidential.
        Draft a reply to the subpoena; the deposition is on Monday.
        This document is under NDA, summarize it.
        My lawyer wants the settlement by Friday.
        The defendant shall indemnify the parties for damages.
        We want a court order about custody of our children.
        Mein Anwalt prüft die Klage.
    """,
}

PUBLIC = """
    What is the capital of France?
    Write a poem about the sea.
    Order number 123456789012 has not arrived
    Invoice 2023-0045871
    Order 415-555-2671 was shipped
    Ticket #4155552671
    ISBN 978-3-16-148410-0
    ISBN 0-306-40615-2
    EAN 4006381333931
    Version 10.0.19045.3693 of Windows
    v1.2.3-beta.4+build.20231121
    pip install numpy==2.4.6
    Python 3.11.7, GCC 13.2.0
    2023-11-21T13:03:00Z INFO started
    2023-11-21 13:03:00,123 request took 0.0042 s
    epoch 1700000000
    epoch in ms: 1700000000123
    time.time_ns() gave 1700000000123456789
    commit 9fceb02d0ae598e95dc970b74767f19372d61af8
    a94a8fe5ccb19ba61c4c0873d391e987982fbbd3 fixes the parser
    md5 d41d8cd98f00b204e9800998ecf8427e
    sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    550e8400-e29b-41d4-a716-446655440000
    tweet 1585841080431321088
    0.4539578763621486
    3.14159265358979323846
    1,234,567,890 people
    1 234 567 890
    1234567890
    12345678
    The Fibonacci numbers are 1 1 2 3 5 8 13 21 34 55 89 144
    10 20 30 40 50 60 70 80
    x = 4111111111111112
    6.02214076e23
    1-2-3-4-5-6-7-8-9
    192.168.0.1
    ping 8.8.8.8
    255.255.255.0
    127.0.0.1:8080
    52.520008, 13.404954
    12/31/2023 and 01-02-2024
    01-02-2023 12:30
    21.11.2023 13:03
    Open Monday 09:00-17:30
    from 1914-1918 and 1939-1945
    pages 123-456, 789-1011
    RFC 2119 and RFC 8174
    doi:10.1000/182
    arXiv:2310.06825
    git@github.com:foo/bar.git
    icon@2x.png
    @app.route("/users/<int:id>")
    @dataclass class Point: x: int
    npm install @types/node@20.9.0
    user@host
    a @ b is matrix multiplication
    def login(user: str, password: str) -> bool:
    password = getpass.getpass()
    password: required
    password = os.environ["DB_PASSWORD"]
    token = next(tokens)
    max_tokens: 4096
    token count is 1234567
    The secret is to be patient.
    What is the secret of a good risotto?
    api_key = "YOUR_API_KEY"
    OPENAI_API_KEY=sk-...
    export API_KEY=<your-key-here>
    sk-xxxxxxxxxxxxxxxxxxxxxxxx
    class="sk-estimator-doc-link-container-id"
    sk-learn-pipeline-with-column-transformer
    secret_key_base: %{SECRET}
    https://example.com/path?id=12345&page=2
    https://user@example.com/
    http://localhost:11434/v1
    -----BEGIN CERTIFICATE-----
    -----BEGIN PUBLIC KEY-----
    eyJub3QiOiJhIGp3dCJ9
    #FF5733 and #00AABB
    0x7ffee4b8c0a0
    0xdeadbeef12345678
    int32, utf8, sha256, x86_64, h264, mp3
    GPT-4o costs 2.50 per 1000000 tokens
    Boeing 737-800 and A320-200
    M8x1.25 screws, DIN 912
    Part no. 0123-456789
    SKU 880320-0017
    model XPS-13-9310
    RTX 4090 24 GB, 16384 cores
    Flight LH400 on 21 November
    room 12-345-67
    score 98-102, 110-97
    2^32 = 4294967296
    17 + 25 = 42
    9999999999999999 bottles
    The patient gardener waits.
    Be patient with your code.
    Write a story about a doctor and a dragon.
    How do vaccines work?
    What does a contract mean in Solidity?
    The party starts at nine.
    Explain photosynthesis to my class.
    What are the symptoms of a memory leak?
    Who won the court case in To Kill a Mockingbird?
    Translate 'good morning' into French.
    SELECT id, name FROM users WHERE id = 12345678
    for (int i = 0; i < 1000000; i++) sum += i;
    UPDATE t SET n = n + 1 WHERE k = '2023-11-21';
    [1700000001, 1700000002, 1700000003]
    {"id": 84532189, "total": 1999.99, "qty": 3}
    87654321-1234 is the batch
    Zipcode 94107-1234
    PO Box 12345, 10115 Berlin
    latency p50=12.5ms p95=80.25ms
    12.345.678 Einwohner
    1.000.000,00 EUR
    CHF 1'250.50
    GB12 is a postcode area
    DE123456789 is a VAT id
"""


def lines(text: str) -> list[str]:
    return [line.strip().replace("¦", "") for line in text.strip().splitlines()]
