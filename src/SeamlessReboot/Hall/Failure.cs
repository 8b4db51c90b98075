using System.Reflection;

namespace SeamlessReboot;

/// <summary>What an exception says, when nothing may go wrong any more: Message and ToString are the application's code, and may throw.</summary>
internal static class Failure
{
    private const int LongestText = 2000;

    /// <summary>The message; shortened when it is very long.</summary>
    internal static string Text(Exception failure)
    {
        string? text = null;
        try
        {
            text = Cause(failure).Message;
        }
#pragma warning disable CA1031 // it cannot say what it is
        catch (Exception)
#pragma warning restore CA1031
        {
        }

        if (text is null)
            return $"{failure.GetType().FullName}, whose message cannot be read";
        return text.Length <= LongestText ? text : text[..LongestText] + "...";
    }

    /// <summary>Without what reflection wraps around it, which says nothing itself: in containers, and around static constructors.</summary>
    private static Exception Cause(Exception failure)
    {
        while (failure is TargetInvocationException or TypeInitializationException && failure.InnerException is Exception inner)
            failure = inner;
        return failure;
    }

    /// <summary>With a full stop, if it has no end yet.</summary>
    internal static string Sentence(string text) => text is [.., '.' or '!' or '?'] ? text : text + ".";

    /// <summary>The message, with the type of the exception before it.</summary>
    internal static string TypeAndText(Exception failure) => $"{Cause(failure).GetType().Name}: {Text(failure)}";

    /// <summary>Where it was thrown, as far as that is the application's code: " (at Game.World.Load)"; empty when it is not known.</summary>
    internal static string Place(Exception failure)
    {
        while (failure is { InnerException: Exception inner })
            failure = inner;
        foreach (System.Diagnostics.StackFrame frame in new System.Diagnostics.StackTrace(failure).GetFrames())
            if (System.Diagnostics.DiagnosticMethodInfo.Create(frame) is { DeclaringTypeName: string type } method
                && !type.StartsWith("System.", StringComparison.Ordinal) && !type.StartsWith("SeamlessReboot.", StringComparison.Ordinal))
                return $" (at {type}.{method.Name})";
        return "";
    }

    /// <summary>The same exception, or one in its place that says what can be said of it.</summary>
    internal static Exception Readable(Exception failure)
    {
        try
        {
            _ = failure.ToString();
            return failure;
        }
#pragma warning disable CA1031 // it cannot say what it is
        catch (Exception)
#pragma warning restore CA1031
        {
            return new InvalidOperationException(TypeAndText(failure));
        }
    }
}
