using System.Reflection;

namespace SeamlessReboot.Tests;

/// <summary>Whatever an exception is, something can be said of it.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FailureTests
{
    [Test]
    public void A_message_is_taken_as_it_is() => Assert.That(Failure.Text(new InvalidOperationException("The world is flat.")), Is.EqualTo("The world is flat."));

    [Test]
    public void A_message_of_200_KB_is_shortened()
    {
        string text = Failure.Text(new InvalidOperationException(new string('x', 200_000)));
        Assert.That(text, Has.Length.LessThan(2100).And.EndsWith("xxx..."));
    }

    [Test]
    public void An_exception_whose_message_throws_is_named() =>
        Assert.That(Failure.Text(new Unreadable(throws: true)), Does.Contain(nameof(Unreadable)).And.Contain("cannot be read"));

    [Test]
    public void An_exception_whose_message_is_null_is_named() =>
        Assert.That(Failure.Text(new Unreadable(throws: false)), Does.Contain(nameof(Unreadable)));

    [Test]
    public void What_reflection_wraps_is_unwrapped()
    {
        FileNotFoundException cause = new("'world.json' is not there.");
        Exception wrapped = new TargetInvocationException(new TypeInitializationException("World", cause));
        Assert.That(Failure.Text(wrapped), Is.EqualTo("'world.json' is not there."));
        Assert.That(Failure.TypeAndText(wrapped), Is.EqualTo("FileNotFoundException: 'world.json' is not there."));
        Assert.That(Failure.Text(new TargetInvocationException("alone", null)), Is.EqualTo("alone"));
    }

    [TestCase("It fails", "It fails.")]
    [TestCase("It fails.", "It fails.")]
    [TestCase("Does it fail?", "Does it fail?")]
    [TestCase("", ".")]
    public void A_sentence_has_an_end(string text, string sentence) => Assert.That(Failure.Sentence(text), Is.EqualTo(sentence));

    [Test]
    public void Where_it_was_thrown_is_not_known_before_it_is_thrown() => Assert.That(Failure.Place(new InvalidOperationException()), Is.Empty);

    [Test]
    public void Only_what_can_be_read_is_passed_on()
    {
        InvalidOperationException readable = new("fine");
        Assert.That(Failure.Readable(readable), Is.SameAs(readable));
        Assert.That(Failure.Readable(new Unreadable(throws: true)).ToString(), Does.Contain(nameof(Unreadable)));
    }

    private sealed class Unreadable(bool throws) : Exception
    {
        public override string Message => throws ? throw new NotSupportedException("No message.") : null!;

        public override string ToString() => throw new NotSupportedException("No text.");
    }
}
