namespace SeamlessReboot.Angel.Tests.Front;

internal sealed class SignalNameTests
{
    [TestCase("TERM", 15)]
    [TestCase("SIGTERM", 15)]
    [TestCase("sigkill", 9)]
    [TestCase("9", 9)]
    [TestCase("64", 64)]
    [TestCase("HUP", 1)]
    [TestCase("SYS", 31)]
    [TestCase("CLD", 17)]
    public void Signals_are_known_by_name_and_number(string text, int number) => Assert.That(SignalName.Parse(text), Is.EqualTo(number));

    [TestCase("")]
    [TestCase("SIG")]
    [TestCase("0")]
    [TestCase("65")]
    [TestCase("-9")]
    [TestCase("TREM")]
    public void What_is_no_signal_is_refused(string text) => Assert.That(SignalName.Parse(text), Is.Null);

    [TestCase(11, "SIGSEGV")]
    [TestCase(40, "signal 40")]
    public void A_signal_has_a_name_for_people(int number, string name) => Assert.That(SignalName.Of(number), Is.EqualTo(name));
}
